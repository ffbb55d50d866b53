package io.gradsieve.backend.cuda;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.BackendInfo;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.MemoryLedger;
import io.gradsieve.backend.Precision;
import io.gradsieve.backend.Resources;
import io.gradsieve.backend.layout.LaidOutParameters;
import io.gradsieve.compile.Compiler;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An NVIDIA GPU: one stream for all steps, one for copies beside them. */
public final class CudaBackend implements Backend {
  /** How much of the free memory a data set may take; the rest is for what comes later. */
  private static final double MOST_OF_MEMORY = 0.5;

  private final int device;
  private final int threads;
  private final Precision precision;
  private final double residentShare;
  private final Map<SampleStore, CudaSamples> residents = new IdentityHashMap<>();
  private final MemoryLedger ledger = new MemoryLedger();
  private final Resources resources = new Resources();
  private final long stream;
  private final long copyStream;

  private CudaBackend(int device, int threads, Precision precision, double residentShare) {
    this.device = device;
    this.threads = threads;
    this.precision = precision;
    this.residentShare = residentShare;
    try {
      use();
      stream = newStream();
      copyStream = newStream();
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  private long newStream() {
    long made = CudaRuntime.createStream();
    resources.add(() -> CudaRuntime.destroyStream(made));
    return made;
  }

  /**
   * Opens a GPU.
   *
   * @param device its number, from 0
   * @param threads of the host, which only loads data
   * @param precision of products
   * @throws GradsieveException.Missing if there is none of that number, or a library is missing
   */
  public static CudaBackend open(int device, int threads, Precision precision) {
    return open(device, threads, precision, MOST_OF_MEMORY);
  }

  /**
   * The same.
   *
   * @param residentShare of the memory that is free: a data set that takes more stays on the host
   */
  static CudaBackend open(int device, int threads, Precision precision, double residentShare) {
    CudaDevices.require(device);
    return new CudaBackend(device, threads, precision, residentShare);
  }

  @Override
  public BackendInfo info() {
    use();
    int[] capability = CudaRuntime.capability(device);
    return new BackendInfo(
        "cuda",
        CudaRuntime.name(device),
        threads,
        "sm_" + capability[0] + capability[1] + " " + precision.key(),
        "cuBLASLt and cuDNN, CUDA " + CudaRuntime.runtimeVersion(),
        List.of());
  }

  /** Makes this device the calling thread's. */
  void use() {
    CudaRuntime.use(device);
  }

  /** Of all steps. */
  long stream() {
    return stream;
  }

  /** Of copies that run beside a step. */
  long copyStream() {
    return copyStream;
  }

  /** The samples of a store on the device, if they fit or lie there already. */
  Optional<CudaSamples> resident(SampleStore store, SampleShape shape) {
    CudaSamples known = residents.get(store);
    if (known == null && CudaSamples.bytes(store) <= residentShare * CudaRuntime.freeMemory()) {
      known = CudaSamples.resident(this, store, shape, () -> residents.remove(store));
      residents.put(store, known);
    }
    return Optional.ofNullable(known);
  }

  boolean tf32() {
    return precision == Precision.TF32;
  }

  /**
   * Waits for all that is queued. Where a wait fails it is tried once more before that is thrown:
   * memory may be freed next, and nothing must use it then.
   */
  void synchronize() {
    try {
      waitForStreams();
    } catch (GradsieveException.Missing e) {
      try {
        waitForStreams();
      } catch (GradsieveException.Missing again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private void waitForStreams() {
    CudaRuntime.synchronize(copyStream);
    CudaRuntime.synchronize(stream);
  }

  @Override
  public MemoryLedger ledger() {
    return ledger;
  }

  @Override
  public ParameterValues parameters(Graph graph) {
    CudaLayout layout = CudaLayout.of(graph);
    use();
    return LaidOutParameters.all(
        layout, new CudaBuffer(this, layout.floats() * Float.BYTES, "weights"));
  }

  @Override
  public StepPlan plan(Graph graph, int capacity, boolean backward, boolean norms) {
    return Compiler.plan(graph, CudaLayout.of(graph), capacity, backward, norms);
  }

  @Override
  public CompiledStep compile(
      StepPlan plan, ParameterValues weights, Optional<UpdateRule> optimizer) {
    use();
    return CudaStep.compile(this, plan, (LaidOutParameters) weights, optimizer);
  }

  /** Throws {@link IllegalStateException} if a buffer or step of this backend is still open. */
  @Override
  public void close() {
    Map<String, Long> open = ledger.open();
    if (!open.isEmpty()) {
      throw new IllegalStateException("not closed, bytes by purpose: " + open);
    }
    resources.add(this::use);
    resources.close();
  }
}
