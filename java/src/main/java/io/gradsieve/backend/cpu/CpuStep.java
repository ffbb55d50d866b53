package io.gradsieve.backend.cpu;

import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.Participants;
import io.gradsieve.backend.ShareThread;
import io.gradsieve.backend.StepInput;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.backend.StepTimes;
import io.gradsieve.backend.layout.LaidOutParameters;
import io.gradsieve.backend.layout.Layout;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.Step;
import io.gradsieve.natives.UpdateParameters;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A plan in the native executor. Order of a step: begin, forward over all segments, backward over
 * all in reverse, the rule, update over all, wait; one native call per segment and pass, nothing
 * allocated on the way.
 */
final class CpuStep implements CompiledStep {
  private final CpuBackend backend;
  private final StepPlan plan;
  private final Step step;
  private final Layout layout;
  private final LaidOutParameters weights;
  private final Optional<UpdateRule> optimizer;
  private final UpdateParameters rule;
  private final CpuMemory memory;

  /** Of the parts of a step so far; taken when a step first has parts. */
  private @Nullable CpuBuffer partialSum;

  private final int segments;
  private final long trafficPerSample;
  private long segmentCalls;
  private long begun;
  private long awaited;
  private @Nullable StepTimes times;

  /** Held where what follows changes and while another thread aborts. */
  private final Object lifetime = new Object();

  private @Nullable CpuShare share;
  private boolean closed;

  private CpuStep(
      CpuBackend backend,
      StepPlan plan,
      Step step,
      LaidOutParameters weights,
      Optional<UpdateRule> optimizer) {
    this.backend = backend;
    this.plan = plan;
    this.step = step;
    this.weights = weights;
    this.layout = weights.layout();
    this.optimizer = optimizer;
    this.segments = plan.segments().size();
    try {
      this.trafficPerSample = traffic();
      this.memory = new CpuMemory(backend, plan, step, weights, optimizer);
    } catch (RuntimeException e) {
      CpuLibrary.gs_step_destroy(step);
      throw e;
    }
    this.rule = CpuUpdateRule.of(optimizer);
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
      CpuBackend backend,
      StepPlan plan,
      LaidOutParameters weights,
      Optional<UpdateRule> optimizer) {
    CpuLayout layout = CpuLayout.of(plan.graph());
    layout.checkWeights(weights.layout());
    if (optimizer.isPresent() && !plan.backward()) {
      throw new IllegalArgumentException("a plan without backward pass takes no optimizer");
    }
    return new CpuStep(
        backend, plan, CpuPlan.create(plan, layout, backend.threads()), weights, optimizer);
  }

  @Override
  public StepInput newInput(SampleStore samples, SampleShape shape) {
    CpuLayout.of(plan.graph()).checkSamples(samples.sampleBytes());
    return new CpuInput(
        backend, plan.capacity(), samples, shape.height(), shape.width(), this::drain);
  }

  /**
   * Waits until the threads have done what is queued, so that memory they read can go; whatever
   * came out of it, nobody asks for it any more. Others may wait for a share, or never come: it is
   * aborted.
   */
  private void drain() {
    if (share != null && awaited < begun) {
      abort();
    }
    while (!closed && awaited < begun) {
      CpuLibrary.gs_step_wait(step, memory.result.address());
      awaited++;
    }
  }

  @Override
  public void begin(
      StepInput input, int batch, Mode mode, long seed, int epoch, double statisticsMomentum) {
    CpuInput slot = (CpuInput) input;
    int least = share == null ? 1 : 0;
    if (batch < least || batch > plan.capacity() || batch > slot.capacity()) {
      throw new IllegalArgumentException(
          "batch must lie in %d..%d, is %d"
              .formatted(least, Math.min(plan.capacity(), slot.capacity()), batch));
    }
    if (share != null && awaited == begun) {
      share.thread().begin();
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
    CpuRecords target = memory.records[(int) ((begun - 1) % CpuMemory.SETS)];
    for (int c = 0; c < ofClass.length; c++) {
      memory.classCountInts.put(c, ofClass[c]);
    }
    CpuErrors.check(
        CpuLibrary.gs_step_choose(
            open(),
            record,
            count,
            ofClass.length > 0 ? memory.classCounts.address() : 0,
            ofClass.length,
            target.backwardRowsAddress()));
  }

  @Override
  public void backward(Place place) {
    if (!plan.backward()) {
      throw new IllegalStateException("the plan has no backward pass");
    }
    Step handle = open();
    if (place != Place.WHOLE) {
      if (partialSum == null) {
        partialSum = memory.own(layout.trainable() * Float.BYTES, "gradients");
      }
      int parts =
          switch (place) {
            case FIRST -> CpuLibrary.GS_PART_FIRST;
            case LAST -> CpuLibrary.GS_PART_LAST;
            default -> 0;
          };
      CpuErrors.check(CpuLibrary.gs_step_part(handle, parts, partialSum.address()));
    }
    for (int i = segments - 1; i >= 0; i--) {
      CpuErrors.check(CpuLibrary.gs_segment_backward(handle, i));
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
    int status = CpuLibrary.gs_step_wait(handle, memory.result.address());
    if (status == CpuLibrary.GS_ABORTED) {
      throw share == null ? ShareThread.aborted() : share.thread().lost();
    }
    CpuErrors.check(status);
    return memory.gradientNorm2.get(0);
  }

  @Override
  public void share(Participants participants, boolean synchroniseBatchNorm) {
    Step handle = open();
    if (share != null || awaited < begun) {
      throw new IllegalStateException("a step is shared once, with none under way");
    }
    synchronized (lifetime) {
      share = new CpuShare(handle, plan, memory, participants, synchroniseBatchNorm);
    }
  }

  @Override
  public void abort() {
    synchronized (lifetime) {
      if (closed) {
        return;
      }
      if (share == null) {
        CpuLibrary.gs_step_abort(step);
      } else {
        share.thread().abort();
      }
    }
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
    return memory.records[set()];
  }

  /** The set of results that the last step awaited has written. */
  private int set() {
    return (int) (Math.max(awaited - 1, 0) % CpuMemory.SETS);
  }

  @Override
  public Map<String, ParameterValues> optimizerState() {
    return Collections.unmodifiableMap(memory.states);
  }

  @Override
  public ParameterValues gradients() {
    return memory.gradients;
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
      int bytes = CpuMemory.SETS * StepTimes.longs(backend.threads(), segments) * Long.BYTES;
      CpuBuffer noted = memory.own(bytes, "profile");
      CpuErrors.check(CpuLibrary.gs_step_profile(open(), noted.address()));
      times =
          new StepTimes(
              backend.threads(), segments, noted.view(0, bytes).asLongBuffer(), this::set);
    }
    return times;
  }

  /** The threads first: they use the memory. */
  @Override
  public void close() {
    synchronized (lifetime) {
      if (closed) {
        return;
      }
      closed = true;
    }
    if (share != null) {
      share.close();
    }
    CpuErrors.check(CpuLibrary.gs_step_destroy(step));
    rule.close();
    memory.close();
  }
}
