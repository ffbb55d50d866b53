package io.gradsieve.backend.cuda;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.Participants;
import io.gradsieve.backend.Resources;
import io.gradsieve.backend.ShareThread;
import io.gradsieve.backend.StepInput;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.backend.StepTimes;
import io.gradsieve.backend.layout.LaidOutParameters;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.natives.CudaKernels;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A plan on a GPU. Calls only note what a step is; it is queued as a whole when its update is asked
 * for, or the next step, or its results: one copy to the device, the {@link CudaProgram} of its
 * shape, one copy back, an event that {@link #await} waits for.
 */
final class CudaStep implements CompiledStep {
  private final CudaBackend backend;
  private final StepPlan plan;
  private final LaidOutParameters weights;
  private final CudaQueue queue;
  private final CudaBinding binding;
  private final Map<SampleStore, CudaSamples> stores = new IdentityHashMap<>();

  /** By set, what steps are to be. */
  private final CudaRequest[] requests = new CudaRequest[CudaBlocks.SETS];

  private final int segments;
  private long segmentCalls;
  private volatile long begun;
  private volatile long submitted;
  private volatile long awaited;

  /** A step was not fine: the device changes nothing more. */
  private boolean halted;

  /** Held where what follows changes and while another thread aborts. */
  private final Object lifetime = new Object();

  /** Steps up to this one were aborted. */
  private long aborted;

  /** By set, why a step could not be queued. */
  private final @Nullable RuntimeException[] failures = new RuntimeException[CudaBlocks.SETS];

  /** Queues the steps where they are shares of larger ones. */
  private @Nullable CudaShare share;

  private boolean closed;

  private CudaStep(
      CudaBackend backend,
      StepPlan plan,
      CudaLayout layout,
      LaidOutParameters weights,
      Optional<UpdateRule> optimizer) {
    this.backend = backend;
    this.plan = plan;
    this.weights = weights;
    this.segments = plan.segments().size();
    queue = new CudaQueue(backend, plan, layout, weights, optimizer);
    binding = queue.binding();
    Arrays.setAll(requests, set -> new CudaRequest());
  }

  static CudaStep compile(
      CudaBackend backend,
      StepPlan plan,
      LaidOutParameters weights,
      Optional<UpdateRule> optimizer) {
    CudaLayout layout = CudaLayout.of(plan.graph());
    layout.checkWeights(weights.layout());
    if (optimizer.isPresent() && !plan.backward()) {
      throw new IllegalArgumentException("a plan without backward pass takes no optimizer");
    }
    return new CudaStep(backend, plan, layout, weights, optimizer);
  }

  @Override
  public StepInput newInput(SampleStore samples, SampleShape sampleShape) {
    open();
    binding.network().layout().checkSamples(samples.sampleBytes());
    CudaSamples used = samples(samples, sampleShape).acquire();
    try {
      return new CudaInput(backend, binding.blocks().slot(), used, this::drain);
    } catch (RuntimeException e) {
      used.release();
      throw e;
    }
  }

  /** All steps of a backend share what lies on the device; what is gathered is a step's own. */
  private CudaSamples samples(SampleStore store, SampleShape sampleShape) {
    CudaSamples known = backend.resident(store, sampleShape).orElse(stores.get(store));
    if (known == null) {
      known =
          CudaSamples.staged(
              backend, store, sampleShape, plan.capacity(), () -> stores.remove(store));
      stores.put(store, known);
    }
    return known;
  }

  /**
   * Waits for what is queued; whatever came out of it, nobody asks for it any more. Others may wait
   * for a share, or never come: it is aborted.
   */
  private void drain() {
    if (closed) {
      return;
    }
    if (share != null && awaited < begun) {
      abort();
      share.thread().idle();
    }
    submit();
    backend.use();
    backend.synchronize();
    while (awaited < begun) {
      awaited++;
      halted |= share != null || binding.blocks().what(set(awaited)) != CudaKernels.GS_CUDA_FINE;
    }
  }

  private static int set(long number) {
    return CudaBlocks.set(number);
  }

  /** The step that was begun last. */
  private CudaRequest request() {
    return requests[set(begun)];
  }

  @Override
  public void begin(
      StepInput slot, int samples, Mode mode, long seed, int epoch, double statisticsMomentum) {
    open();
    CudaInput next = (CudaInput) slot;
    next.samples(); // throws if it was closed
    int most = Math.min(plan.capacity(), next.capacity());
    int least = share == null ? 1 : 0;
    if (samples < least || samples > most) {
      throw new IllegalArgumentException(
          "batch must lie in %d..%d, is %d".formatted(least, most, samples));
    }
    if (!(statisticsMomentum <= 1)) {
      throw new IllegalArgumentException("a statistics momentum of " + statisticsMomentum);
    }
    if (begun - awaited == CudaBlocks.SETS) {
      throw new IllegalStateException("begin: 2 steps are under way: await comes first");
    }
    submit();
    if (begun == awaited) {
      restart();
    }
    begun++;
    request().begin(next, samples, mode == Mode.TRAINING);
    binding.blocks().begin(set(begun), seed, epoch, statisticsMomentum);
  }

  /** With nothing under way: what became of the steps before is past. */
  private void restart() {
    if (share != null) {
      share.begin();
    }
    if (halted) {
      CudaRuntime.fillAsync(binding.blocks().halted(), 0, Integer.BYTES, backend.stream());
      halted = false;
    }
  }

  @Override
  public void forward() {
    underWay();
    request().forward();
    segmentCalls += segments;
  }

  @Override
  public void choose(Choice by, int chosen, int[] ofClass) {
    underWay();
    request().choose(by, chosen, ofClass, plan.graph().classes());
    binding.blocks().classCounts(set(begun), ofClass);
  }

  /** Throws unless there is a step that is not queued yet. */
  private void underWay() {
    open();
    if (submitted == begun) {
      throw new IllegalStateException("begin comes first");
    }
  }

  @Override
  public void backward(Place of) {
    if (!plan.backward()) {
      throw new IllegalStateException("the plan has no backward pass");
    }
    underWay();
    request().backward(of);
    segmentCalls += segments;
    if (of == Place.FIRST || of == Place.MIDDLE) {
      submit(); // no update comes
    }
  }

  @Override
  public void update(double learningRate, double divisor, double clipNorm, long steps) {
    underWay();
    if (!binding.update().present()) {
      throw new IllegalStateException("compiled without an update rule");
    }
    binding.blocks().update(set(begun), learningRate, divisor, clipNorm, steps);
    request().update();
    segmentCalls += segments;
    submit();
  }

  /** Queues the step that was begun last, if it is not yet. */
  private void submit() {
    if (submitted == begun) {
      return;
    }
    int set = set(begun);
    request().submit(set);
    if (share != null) {
      submitted = begun;
      share.put(begun);
      return;
    }
    CudaBlocks blocks = binding.blocks();
    synchronized (lifetime) {
      submitted = begun;
      failures[set] = null;
      if (aborted >= begun) {
        blocks.skip(set);
        return;
      }
    }
    try {
      queue.run(request(), set);
    } catch (RuntimeException e) {
      blocks.skip(set);
      failures[set] = e;
      throw e;
    }
  }

  @Override
  public double await() {
    open();
    if (begun == 0) {
      return 0;
    }
    if (awaited < begun) {
      if (submitted == awaited || request().scores()) {
        submit(); // the one behind too, so that the device goes on with it
      }
      awaited++;
    }
    int set = set(awaited);
    if (share != null) {
      awaitShare();
    }
    if (binding.blocks().what(set) != CudaBlocks.SKIPPED) {
      queue.await(set);
    }
    return outcome(set);
  }

  private void awaitShare() {
    try {
      share.await(awaited);
    } catch (GradsieveException.Diverged e) {
      halted = true;
      throw e;
    }
  }

  private double outcome(int set) {
    CudaBlocks blocks = binding.blocks();
    int what = blocks.what(set);
    if (what == CudaKernels.GS_CUDA_FINE) {
      return blocks.gradientNorm2(set);
    }
    halted = true;
    if (what == CudaBlocks.SKIPPED) {
      throw failures[set] == null
          ? ShareThread.aborted()
          : new IllegalStateException("the step could not be queued", failures[set]);
    }
    throw CudaErrors.diverged(what, blocks.place(set));
  }

  @Override
  public void share(Participants participants, boolean synchroniseBatchNorm) {
    open();
    if (share != null || awaited < begun) {
      throw new IllegalStateException("a step is shared once, with none under way");
    }
    synchronized (lifetime) {
      share = new CudaShare(backend, queue, requests, participants, synchroniseBatchNorm);
    }
  }

  /** What is not queued is left out; what is has begun, and ends by itself within a second. */
  @Override
  public void abort() {
    synchronized (lifetime) {
      if (closed || awaited == begun) {
        return;
      }
      aborted = begun;
      if (share != null) {
        share.thread().abort();
      }
    }
  }

  private void open() {
    if (closed) {
      throw new IllegalStateException("the step is closed");
    }
    weights.address(); // throws if the weights were closed under the step
    backend.use();
  }

  @Override
  public StepRecords records() {
    return binding.blocks().records(set(Math.max(awaited, 1)));
  }

  @Override
  public Map<String, ParameterValues> optimizerState() {
    return Collections.unmodifiableMap(binding.update().states());
  }

  @Override
  public ParameterValues gradients() {
    return binding.network().gradients();
  }

  @Override
  public long segmentCalls() {
    return segmentCalls;
  }

  @Override
  public long trafficPerSample() {
    return binding.network().trafficPerSample();
  }

  @Override
  public StepTimes measure() {
    open();
    return queue.measure(() -> set(Math.max(awaited, 1)));
  }

  /** What is not queued yet never will be. */
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
    Resources resources = new Resources();
    resources.add(queue::close);
    resources.add(backend::synchronize);
    resources.add(backend::use);
    resources.close();
  }
}
