package io.gradsieve.backend.cuda;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.Participants;
import io.gradsieve.backend.Resources;
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
  /** Programs that are kept: of full and smaller batches, of evaluation, of parts, of choices. */
  private static final int PROGRAMS = 32;

  private final CudaBackend backend;
  private final StepPlan plan;
  private final LaidOutParameters weights;
  private final CudaBinding binding;
  private final Resources resources = new Resources();
  private final Map<SampleStore, CudaSamples> stores = new IdentityHashMap<>();

  private final Recent<CudaStepShape, CudaProgram> programs = new Recent<>(PROGRAMS, this::program);

  private final long[] done = new long[CudaBlocks.SETS];
  private final int segments;
  private long segmentCalls;
  private volatile long begun;
  private volatile long submitted;
  private volatile long awaited;

  /** The step that was begun last. */
  private final CudaRequest request = new CudaRequest();

  private @Nullable CudaEvents events;

  /** A step that was not fine, or an abort, has told the device to change nothing more. */
  private boolean halted;

  /** Held where what follows changes and while another thread aborts. */
  private final Object lifetime = new Object();

  /** Steps up to this one were aborted, and those behind them find the device halted by it. */
  private long aborted;

  private boolean haltedByAbort;

  /** Why the last step that could not be queued was not. */
  private @Nullable RuntimeException failure;

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
    try {
      binding = new CudaBinding(backend, plan, layout, weights, optimizer, this::forgetGraphs);
      resources.add(binding::close);
      resources.add(programs::close);
      for (int set = 0; set < done.length; set++) {
        long event = CudaRuntime.createEvent(false);
        resources.add(() -> CudaRuntime.destroyEvent(event));
        done[set] = event;
      }
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
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

  private CudaProgram program(CudaStepShape of) {
    return new CudaProgram(binding, of);
  }

  private void forgetGraphs() {
    programs.values().forEach(CudaProgram::forget);
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

  /** Waits for what is queued; whatever came out of it, nobody asks for it any more. */
  private void drain() {
    if (!closed) {
      submit();
      backend.use();
      backend.synchronize();
      while (awaited < begun) {
        awaited++;
        halted |= binding.blocks().what(set(awaited)) != CudaKernels.GS_CUDA_FINE;
      }
    }
  }

  private static int set(long number) {
    return (int) ((number - 1) % CudaBlocks.SETS);
  }

  @Override
  public void begin(
      StepInput slot, int samples, Mode mode, long seed, int epoch, double statisticsMomentum) {
    open();
    CudaInput next = (CudaInput) slot;
    next.samples(); // throws if it was closed
    int most = Math.min(plan.capacity(), next.capacity());
    if (samples < 1 || samples > most) {
      throw new IllegalArgumentException("batch must lie in 1.." + most + ", is " + samples);
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
    request.begin(next, samples, mode == Mode.TRAINING);
    binding.blocks().begin(set(begun), seed, epoch, statisticsMomentum);
  }

  /** With nothing under way: what became of the steps before is past. */
  private void restart() {
    synchronized (lifetime) {
      if (halted) {
        backend.synchronize();
        CudaRuntime.fillAsync(binding.blocks().halted(), 0, Integer.BYTES, backend.stream());
        backend.synchronize(); // an abort comes after it, on another stream
        halted = false;
        haltedByAbort = false;
      }
    }
  }

  @Override
  public void forward() {
    underWay();
    request.forward();
    segmentCalls += segments;
  }

  @Override
  public void choose(Choice by, int chosen, int[] ofClass) {
    underWay();
    request.choose(by, chosen, ofClass, plan.graph().classes());
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
  public void backward(Part of) {
    if (!plan.backward()) {
      throw new IllegalStateException("the plan has no backward pass");
    }
    underWay();
    request.backward(of);
    segmentCalls += segments;
  }

  @Override
  public void update(double learningRate, double divisor, double clipNorm, long steps) {
    underWay();
    if (!binding.update().present()) {
      throw new IllegalStateException("compiled without an update rule");
    }
    binding.blocks().update(set(begun), learningRate, divisor, clipNorm, steps);
    request.update();
    segmentCalls += segments;
    submit();
  }

  /** Queues the step that was begun last, if it is not yet. */
  private void submit() {
    if (submitted == begun) {
      return;
    }
    CudaInput from = request.input();
    int set = set(begun);
    CudaBlocks blocks = binding.blocks();
    synchronized (lifetime) {
      submitted = begun;
      if (aborted >= begun) {
        blocks.skip(set);
        return;
      }
    }
    try {
      queue(from, set);
    } catch (RuntimeException e) {
      blocks.skip(set);
      failure = e;
      throw e;
    }
  }

  private void queue(CudaInput from, int set) {
    CudaBlocks blocks = binding.blocks();
    CudaSamples samples = from.samples();
    CudaStepShape shape = request.shape(samples.provide(from, request.batch(), set));
    blocks.fill(set, from, shape.batch(), samples.gathers());
    blocks.send(set, backend.stream());
    CudaProgram program = programs.get(shape);
    if (events == null) {
      program.run();
    } else {
      events.start();
      program.measure(events);
    }
    samples.queued(set);
    blocks.receive(set, !shape.update(), backend.stream());
    CudaRuntime.record(done[set], backend.stream());
    if (events != null) {
      CudaRuntime.synchronizeEvent(done[set]);
      events.write(set);
    }
  }

  @Override
  public double await() {
    open();
    if (begun == 0) {
      return 0;
    }
    if (awaited < begun) {
      if (submitted == awaited || request.whole()) {
        submit(); // the one behind too, so that the device goes on with it
      }
      int set = set(awaited + 1);
      if (binding.blocks().what(set) != CudaBlocks.SKIPPED) {
        CudaRuntime.synchronizeEvent(done[set]);
      }
      awaited++;
    }
    return outcome(set(awaited));
  }

  private double outcome(int set) {
    CudaBlocks blocks = binding.blocks();
    int what = blocks.what(set);
    if (what == CudaKernels.GS_CUDA_FINE) {
      return blocks.gradientNorm2(set);
    }
    synchronized (lifetime) {
      halted = true;
      boolean stopped = what == CudaBlocks.SKIPPED || what == CudaKernels.GS_CUDA_BEHIND;
      if (stopped && (aborted >= awaited || haltedByAbort)) {
        throw new GradsieveException.PeerLost("the step was aborted");
      }
    }
    if (what == CudaBlocks.SKIPPED) {
      throw new IllegalStateException("the step could not be queued", failure);
    }
    throw CudaErrors.diverged(what, blocks.place(set));
  }

  /** A step is one graph, with no point at which it could meet others. */
  @Override
  public void share(Participants participants, boolean synchroniseBatchNorm) {
    throw new UnsupportedOperationException("a GPU's steps are not shares of larger ones");
  }

  /** What is not queued is left out; what runs meets a device that changes nothing more. */
  @Override
  public void abort() {
    synchronized (lifetime) {
      if (closed || awaited == begun) {
        return;
      }
      aborted = begun;
      halted = true;
      haltedByAbort = true;
      backend.use();
      CudaRuntime.fillAsync(binding.blocks().halted(), 1, Integer.BYTES, backend.copyStream());
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
    if (events == null) {
      CudaEvents made = new CudaEvents(backend, segments);
      resources.add(made::close);
      events = made;
    }
    return new StepTimes(1, segments, events.numbers(), () -> set(Math.max(awaited, 1)));
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
    resources.add(backend::synchronize);
    resources.add(backend::use);
    resources.close();
  }
}
