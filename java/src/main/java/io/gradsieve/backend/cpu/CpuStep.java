package io.gradsieve.backend.cpu;

import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.StepInput;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.backend.StepTimes;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.Step;
import io.gradsieve.natives.UpdateParameters;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.nio.DoubleBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A plan in the native executor. Order of a step: begin, forward over all segments, backward over
 * all in reverse, the rule, update over all, wait; one native call per segment and pass, nothing
 * allocated on the way.
 */
final class CpuStep implements CompiledStep {
  /** Of results: two steps may be under way, which take turns with them. */
  private static final int SETS = 2;

  private final CpuBackend backend;
  private final StepPlan plan;
  private final Step step;
  private final CpuLayout layout;
  private final CpuParameters weights;
  private final Optional<UpdateRule> optimizer;
  private final UpdateParameters rule;

  /** All memory of this step, in the order it was taken. */
  private final List<CpuBuffer> owned = new ArrayList<>();

  private final Map<String, ParameterValues> states = new LinkedHashMap<>();
  private final CpuParameters gradients;

  /** Of the parts of a step so far; taken when a step first has parts. */
  private @Nullable CpuBuffer partialSum;

  private final CpuRecords[] records = new CpuRecords[SETS];
  private final CpuBuffer classCounts;
  private final IntBuffer classCountInts;
  private final CpuBuffer result;
  private final DoubleBuffer gradientNorm2;
  private final int segments;
  private final long trafficPerSample;
  private long segmentCalls;
  private long begun;
  private long awaited;
  private @Nullable StepTimes times;
  private boolean closed;

  private CpuStep(
      CpuBackend backend,
      StepPlan plan,
      Step step,
      CpuParameters weights,
      Optional<UpdateRule> optimizer) {
    this.backend = backend;
    this.plan = plan;
    this.step = step;
    this.weights = weights;
    this.layout = weights.layout();
    this.optimizer = optimizer;
    this.rule = CpuUpdateRule.of(optimizer);
    this.segments = plan.segments().size();
    try {
      long[] arena = new long[1];
      long[] scratch = new long[1];
      CpuErrors.check(CpuLibrary.gs_step_memory(step, arena, scratch));
      if (CpuTensor.whole(arena[0] / Float.BYTES) != plan.arenaFloats()) {
        throw new IllegalStateException(
            "the plan's arena has %d floats, the executor's tensors end at %d"
                .formatted(plan.arenaFloats(), arena[0] / Float.BYTES));
      }
      CpuBuffer arenaMemory = own(plan.arenaFloats() * Float.BYTES, "arena");
      CpuBuffer scratchMemory = own(scratch[0], "scratch");
      long trainableBytes = layout.trainable() * Float.BYTES;
      CpuBuffer gradientMemory = own(plan.backward() ? trainableBytes : 0, "gradients");
      this.gradients = CpuParameters.trainable(layout, gradientMemory);
      List<String> kept = optimizer.map(UpdateRule::states).orElse(List.of());
      long[] stateAddresses = new long[2];
      for (int i = 0; i < kept.size(); i++) {
        CpuBuffer state = own(trainableBytes, "optimizer");
        stateAddresses[i] = state.address();
        states.put(kept.get(i), CpuParameters.trainable(layout, state));
      }
      int capacity = plan.capacity();
      long rows = (long) CpuLibrary.GS_RECORDS * capacity * Float.BYTES;
      long pitch = layout.tensor(plan.graph().logits()).pitch();
      CpuBuffer recordRows = own(SETS * rows, "records");
      long probabilityBytes = CpuErrors.viewable(capacity, pitch * Float.BYTES, "results");
      CpuBuffer probabilities = own(SETS * probabilityBytes, "records");
      CpuBuffer chosen = own((long) SETS * capacity * Integer.BYTES, "records");
      for (int set = 0; set < SETS; set++) {
        records[set] =
            new CpuRecords(
                recordRows,
                set * rows,
                probabilities.view(set * probabilityBytes, (int) probabilityBytes).asFloatBuffer(),
                chosen,
                set,
                capacity);
      }
      int classBytes = plan.graph().classes() * Integer.BYTES;
      this.classCounts = own(classBytes, "records");
      this.classCountInts = classCounts.view(0, classBytes).asIntBuffer();
      this.result = own(Double.BYTES, "records");
      this.gradientNorm2 = result.view(0, Double.BYTES).asDoubleBuffer();
      CpuErrors.check(
          CpuLibrary.gs_step_bind(
              step,
              arenaMemory.address(),
              scratchMemory.address(),
              weights.address(),
              layout.trainable(),
              plan.backward() ? gradientMemory.address() : 0,
              stateAddresses[0],
              stateAddresses[1],
              recordRows.address(),
              probabilities.address()));
      this.trafficPerSample = traffic();
    } catch (RuntimeException e) {
      release();
      throw e;
    }
  }

  /** Memory may be 0 bytes where a plan needs none; a buffer never is. */
  private CpuBuffer own(long bytes, String purpose) {
    CpuBuffer buffer = backend.allocate(Math.max(bytes, Double.BYTES), purpose);
    owned.add(buffer);
    return buffer;
  }

  private long traffic() {
    long[] forward = new long[1];
    long[] backward = new long[1];
    long bytes = 0;
    for (int i = 0; i < segments; i++) {
      CpuErrors.check(CpuLibrary.gs_step_traffic(step, i, forward, backward));
      bytes += forward[0] + (plan.backward() ? backward[0] : 0);
    }
    return bytes;
  }

  static CpuStep compile(
      CpuBackend backend, StepPlan plan, CpuParameters weights, Optional<UpdateRule> optimizer) {
    CpuLayout layout = CpuLayout.of(plan.graph());
    if (!layout.fits(weights.layout())) {
      throw new IllegalArgumentException(
          "these are the weights of another network than the plan's");
    }
    if (optimizer.isPresent() && !plan.backward()) {
      throw new IllegalArgumentException("a plan without backward pass takes no optimizer");
    }
    return new CpuStep(
        backend, plan, CpuPlan.create(plan, layout, backend.threads()), weights, optimizer);
  }

  @Override
  public StepInput newInput(SampleStore samples, SampleShape shape) {
    Node first = plan.graph().input();
    boolean asBytes = first.kind() instanceof Kind.Input input && input.bytes();
    CpuTensor tensor = layout.tensor(first.output());
    long values = (long) tensor.positions() * tensor.channels();
    long bytes = values * (asBytes ? Byte.BYTES : Float.BYTES);
    if (samples.sampleBytes() != bytes) {
      throw new IllegalArgumentException(
          "the plan reads samples of " + bytes + " bytes, these have " + samples.sampleBytes());
    }
    return new CpuInput(
        backend, plan.capacity(), samples, shape.height(), shape.width(), this::drain);
  }

  /**
   * Waits until the threads have done what is queued, so that memory they read can go; whatever
   * came out of it, nobody asks for it any more.
   */
  private void drain() {
    while (!closed && awaited < begun) {
      CpuLibrary.gs_step_wait(step, result.address());
      awaited++;
    }
  }

  @Override
  public void begin(
      StepInput input, int batch, Mode mode, long seed, int epoch, double statisticsMomentum) {
    CpuInput slot = (CpuInput) input;
    if (batch < 1 || batch > plan.capacity() || batch > slot.capacity()) {
      throw new IllegalArgumentException(
          "batch must lie in 1.." + Math.min(plan.capacity(), slot.capacity()) + ", is " + batch);
    }
    CpuErrors.check(
        CpuLibrary.gs_step_begin(
            open(),
            batch,
            mode == Mode.TRAINING ? CpuLibrary.GS_TRAINING : CpuLibrary.GS_EVALUATION,
            slot.samplesAddress(),
            slot.labelsAddress(),
            slot.idsAddress(),
            slot.planWeightsAddress(),
            slot.sampleWeightsAddress(),
            seed,
            epoch,
            statisticsMomentum));
    begun++;
  }

  @Override
  public void forward() {
    Step handle = open();
    for (int i = 0; i < segments; i++) {
      CpuErrors.check(CpuLibrary.gs_segment_forward(handle, i));
      segmentCalls++;
    }
  }

  @Override
  public void choose(Choice by, int count, int[] ofClass) {
    int record =
        switch (by) {
          case LOSS -> CpuLibrary.GS_RECORD_LOSS;
          case EL2N -> CpuLibrary.GS_RECORD_EL2N;
          case MARGIN -> CpuLibrary.GS_RECORD_MARGIN;
        };
    CpuRecords target = records[(int) ((begun - 1) % SETS)];
    for (int c = 0; c < ofClass.length; c++) {
      classCountInts.put(c, ofClass[c]);
    }
    CpuErrors.check(
        CpuLibrary.gs_step_choose(
            open(),
            record,
            count,
            ofClass.length > 0 ? classCounts.address() : 0,
            ofClass.length,
            target.chosenAddress()));
  }

  @Override
  public void backward() {
    if (!plan.backward()) {
      throw new IllegalStateException("the plan has no backward pass");
    }
    Step handle = open();
    for (int i = segments - 1; i >= 0; i--) {
      CpuErrors.check(CpuLibrary.gs_segment_backward(handle, i));
      segmentCalls++;
    }
  }

  @Override
  public void accumulate(boolean first, boolean last) {
    if (!plan.backward()) {
      throw new IllegalStateException("the plan has no backward pass");
    }
    if (partialSum == null) {
      partialSum = own(layout.trainable() * Float.BYTES, "gradients");
    }
    int parts = (first ? CpuLibrary.GS_PART_FIRST : 0) | (last ? CpuLibrary.GS_PART_LAST : 0);
    Step handle = open();
    for (int i = 0; i < segments; i++) {
      CpuErrors.check(CpuLibrary.gs_segment_accumulate(handle, i, parts, partialSum.address()));
      segmentCalls++;
    }
  }

  @Override
  public void update(double learningRate, double divisor, double clipNorm, long count) {
    if (optimizer.isEmpty()) {
      throw new IllegalStateException("compiled without an update rule");
    }
    rule.rate(learningRate);
    rule.divisor(divisor);
    rule.clip_norm(clipNorm);
    rule.step(count);
    Step handle = open();
    CpuErrors.check(CpuLibrary.gs_step_rule(handle, rule));
    for (int i = 0; i < segments; i++) {
      CpuErrors.check(CpuLibrary.gs_segment_update(handle, i));
      segmentCalls++;
    }
  }

  @Override
  public double await() {
    Step handle = open();
    awaited = Math.min(awaited + 1, begun);
    CpuErrors.check(CpuLibrary.gs_step_wait(handle, result.address()));
    return gradientNorm2.get(0);
  }

  private Step open() {
    if (closed) {
      throw new IllegalStateException("the step is closed");
    }
    weights.address(); // throws if the weights were closed under the step
    return step;
  }

  @Override
  public StepRecords records() {
    return records[set()];
  }

  /** The set of results that the last step awaited has written. */
  private int set() {
    return (int) (Math.max(awaited - 1, 0) % SETS);
  }

  @Override
  public Map<String, ParameterValues> optimizerState() {
    return Collections.unmodifiableMap(states);
  }

  @Override
  public ParameterValues gradients() {
    return gradients;
  }

  @Override
  public long segmentCalls() {
    return segmentCalls;
  }

  @Override
  public long trafficPerSample() {
    return trafficPerSample;
  }

  @Override
  public StepTimes measure() {
    if (times == null) {
      int bytes = SETS * StepTimes.longs(backend.threads(), segments) * Long.BYTES;
      CpuBuffer memory = own(bytes, "profile");
      CpuErrors.check(CpuLibrary.gs_step_profile(open(), memory.address()));
      times =
          new StepTimes(
              backend.threads(), segments, memory.view(0, bytes).asLongBuffer(), this::set);
    }
    return times;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      release();
    }
  }

  /** The step first: its threads use the memory. */
  private void release() {
    CpuErrors.check(CpuLibrary.gs_step_destroy(step));
    rule.close();
    for (CpuBuffer buffer : owned) {
      buffer.close();
    }
  }
}
