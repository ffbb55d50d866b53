package io.gradsieve.backend.cpu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.BackendInfo;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.MemoryLedger;
import io.gradsieve.backend.MemorySource;
import io.gradsieve.backend.layout.LaidOutParameters;
import io.gradsieve.compile.Compiler;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.LoadResult;
import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.NativeLibrary;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The processor. Kernels are chosen once a process, by the first backend that is opened. */
public final class CpuBackend implements Backend {
  /** Names of instruction sets, for {@code GRADSIEVE_ISA}. */
  public static final List<String> INSTRUCTION_SETS = List.of("baseline", "avx2", "avx512");

  /** Forces an instruction set. */
  public static final String ISA_VARIABLE = "GRADSIEVE_ISA";

  private final int threads;
  private final MemorySource gradients;
  private final MemoryLedger ledger = new MemoryLedger();

  private CpuBackend(int threads, MemorySource gradients) {
    this.threads = threads;
    this.gradients = gradients;
  }

  /** As {@link #open(int, MemorySource)}, with gradients for this process alone. */
  public static CpuBackend open(int threads) {
    return open(threads, MemorySource.OWN);
  }

  /**
   * Opens the processor with the instruction set of {@code GRADSIEVE_ISA}, else the best it has.
   *
   * @param threads of every step
   * @param gradients where a step's gradients shall lie, so that others can reach them
   * @throws GradsieveException.Missing if the native library or the instruction set is not there
   * @throws GradsieveException.Usage if {@code GRADSIEVE_ISA} names none
   */
  public static CpuBackend open(int threads, MemorySource gradients) {
    if (threads < 1) {
      throw new GradsieveException.Usage("threads must be at least 1, is " + threads);
    }
    String isa = asked();
    load();
    CpuErrors.check(CpuLibrary.gs_open(isa.isEmpty() ? null : isa));
    return new CpuBackend(threads, gradients);
  }

  /** What {@code GRADSIEVE_ISA} says; empty for the best there is. */
  private static String asked() {
    String isa = System.getenv().getOrDefault(ISA_VARIABLE, "");
    if (!isa.isEmpty() && !INSTRUCTION_SETS.contains(isa)) {
      throw GradsieveException.Usage.unknown(ISA_VARIABLE, isa, INSTRUCTION_SETS);
    }
    return isa;
  }

  private static void load() {
    LoadResult library = NativeLibrary.load();
    if (library instanceof LoadResult.Failed failed) {
      throw new GradsieveException.Missing(failed.reason());
    }
  }

  /**
   * The instruction set that {@link #open} would choose; nothing is chosen yet.
   *
   * @throws GradsieveException as {@link #open}
   */
  public static String instructionSet() {
    String isa = asked();
    load();
    return isa.isEmpty()
        ? candidates(description()).stream()
            .filter(BackendInfo.Candidate::usable)
            .map(BackendInfo.Candidate::name)
            .findFirst()
            .orElse(INSTRUCTION_SETS.get(0))
        : isa;
  }

  /**
   * Chooses the instruction set of all backends of this process, so that workers on unlike machines
   * compute the same bits.
   *
   * @throws GradsieveException.Missing if this process already runs another, or the machine has not
   *     this one
   */
  public static void use(String instructionSet) {
    load();
    try {
      NativeException.check(CpuLibrary.gs_open(instructionSet));
    } catch (NativeException e) {
      throw new GradsieveException.Missing(
          "the workers' common instruction set is %s: %s; start all with %s=%s"
              .formatted(instructionSet, e.getMessage(), ISA_VARIABLE, instructionSet),
          e);
    }
  }

  @Override
  public BackendInfo info() {
    JsonNode machine = description();
    return new BackendInfo(
        "cpu",
        machine.path("cpu").asText(),
        threads,
        machine.path("isa").asText(),
        "own " + machine.path("isa").asText(),
        candidates(machine));
  }

  private static List<BackendInfo.Candidate> candidates(JsonNode machine) {
    List<BackendInfo.Candidate> candidates = new ArrayList<>();
    for (JsonNode c : machine.path("candidates")) {
      candidates.add(
          new BackendInfo.Candidate(
              c.path("name").asText(), c.path("usable").asBoolean(), c.path("reason").asText()));
    }
    return candidates;
  }

  private static JsonNode description() {
    try {
      return new ObjectMapper().readTree(CpuLibrary.gs_describe());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(
          "gs_describe returned no JSON: " + CpuLibrary.gs_describe(), e);
    }
  }

  int threads() {
    return threads;
  }

  /** Zeroed memory, entered in the ledger; throws {@code Missing} if it can't be had. */
  CpuBuffer allocate(long bytes, String purpose) {
    return allocate(MemorySource.OWN, bytes, purpose);
  }

  /** The same, of where gradients lie that are reduced. */
  CpuBuffer allocateGradients(long bytes) {
    return allocate(gradients, bytes, "gradients");
  }

  private CpuBuffer allocate(MemorySource source, long bytes, String purpose) {
    if (bytes <= 0) {
      throw new IllegalArgumentException(purpose + ": bytes must be positive, is " + bytes);
    }
    try {
      return new CpuBuffer(source, ledger, bytes, purpose);
    } catch (NativeException e) {
      throw CpuErrors.outOfMemory(bytes, purpose, e);
    }
  }

  @Override
  public MemoryLedger ledger() {
    return ledger;
  }

  @Override
  public ParameterValues parameters(Graph graph) {
    CpuLayout layout = CpuLayout.of(graph);
    return LaidOutParameters.all(layout, allocate(layout.floats() * Float.BYTES, "weights"));
  }

  @Override
  public StepPlan plan(Graph graph, int capacity, boolean backward, boolean norms) {
    return Compiler.plan(graph, CpuLayout.of(graph), capacity, backward, norms);
  }

  @Override
  public CompiledStep compile(
      StepPlan plan, ParameterValues weights, Optional<UpdateRule> optimizer) {
    return CpuStep.compile(this, plan, (LaidOutParameters) weights, optimizer);
  }

  /** Throws {@link IllegalStateException} if a buffer or step of this backend is still open. */
  @Override
  public void close() {
    Map<String, Long> open = ledger.open();
    if (!open.isEmpty()) {
      throw new IllegalStateException("not closed, bytes by purpose: " + open);
    }
  }
}
