package io.gradsieve.backend.cuda;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Resources;
import io.gradsieve.backend.StepTimes;
import io.gradsieve.backend.layout.LaidOutParameters;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.util.Optional;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Queues whole steps: one copy to the device, the {@link CudaProgram} of the step's shape, one copy
 * back, an event. One thread at a time.
 */
final class CudaQueue implements AutoCloseable {
  /** Programs that are kept: of full and smaller batches, of evaluation, of parts, of choices. */
  private static final int PROGRAMS = 32;

  private final CudaBackend backend;
  private final CudaBinding binding;
  private final Resources resources = new Resources();
  private final Recent<CudaStepShape, CudaProgram> programs = new Recent<>(PROGRAMS, this::program);
  private final long[] done = new long[CudaBlocks.SETS];
  private @Nullable CudaEvents events;

  /** Where steps in training meet others. */
  private @Nullable CudaPoints points;

  CudaQueue(
      CudaBackend backend,
      StepPlan plan,
      CudaLayout layout,
      LaidOutParameters weights,
      Optional<UpdateRule> optimizer) {
    this.backend = backend;
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

  private CudaProgram program(CudaStepShape shape) {
    return new CudaProgram(binding, shape, shape.training() ? points : null);
  }

  private void forgetGraphs() {
    programs.values().forEach(CudaProgram::forget);
  }

  CudaBinding binding() {
    return binding;
  }

  /** From now on steps in training meet others at these points, which are closed with the queue. */
  void meetAt(CudaPoints others) {
    resources.add(others::close);
    programs.close(); // those that meet nobody
    points = others;
  }

  /** Queues a step, whose block is in this set. */
  void run(CudaRequest step, int set) {
    CudaInput from = step.input();
    CudaStepShape shape = step.shape();
    CudaSamples samples = from.samples();
    CudaBlocks blocks = binding.blocks();
    samples.provide(from, shape.batch(), set);
    blocks.fill(set, from, shape.batch(), samples.gathers());
    blocks.send(set, backend.stream());
    GradsieveException ended = null;
    try {
      run(programs.get(shape));
    } catch (GradsieveException.Diverged | GradsieveException.PeerLost e) {
      ended = e; // a share: what is queued of it runs
    }
    samples.queued(set);
    blocks.receive(set, !shape.update(), backend.stream());
    CudaRuntime.record(done[set], backend.stream());
    if (ended != null) {
      throw ended;
    }
    if (events != null) {
      await(set);
      events.write(set);
    }
  }

  private void run(CudaProgram program) {
    if (events == null) {
      program.run();
    } else {
      events.start();
      program.measure(events);
    }
  }

  /** Waits for the step that was queued last in this set. */
  void await(int set) {
    CudaRuntime.synchronizeEvent(done[set]);
  }

  /** Measures every step from now on, into the set that {@code last} tells. */
  StepTimes measure(IntSupplier last) {
    int segments = binding.network().segments().size();
    if (events == null) {
      CudaEvents made = new CudaEvents(backend, segments);
      resources.add(made::close);
      events = made;
    }
    return new StepTimes(1, segments, events.numbers(), last);
  }

  /** Nothing that is queued may still run. */
  @Override
  public void close() {
    resources.close();
  }
}
