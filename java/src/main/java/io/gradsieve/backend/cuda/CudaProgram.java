package io.gradsieve.backend.cuda;

import static io.gradsieve.backend.cuda.CudaErrors.check;

import io.gradsieve.backend.CompiledStep.Part;
import io.gradsieve.backend.StepTimes.Phase;
import io.gradsieve.natives.CudaKernels;
import java.util.List;

/**
 * The queued work of steps of one shape. The first of them runs call by call, so that libraries
 * load what they need and the workspace gets its size; the second is captured as a graph, and from
 * then on a step is one launch.
 */
final class CudaProgram implements AutoCloseable {
  private final CudaBinding binding;
  private final CudaStepShape shape;
  private boolean met;
  private long executable;

  CudaProgram(CudaBinding binding, CudaStepShape shape) {
    this.binding = binding;
    this.shape = shape;
  }

  CudaBinding binding() {
    return binding;
  }

  /** Queues a step of this shape. */
  void run() {
    long stream = binding.stream();
    if (executable == 0) {
      if (!met) {
        queue(CudaTimes.NONE);
        met = true;
        return;
      }
      capture(stream);
    }
    CudaRuntime.launch(executable, stream);
  }

  private void capture(long stream) {
    CudaRuntime.beginCapture(stream);
    try {
      queue(CudaTimes.NONE);
    } catch (RuntimeException e) {
      try {
        CudaRuntime.destroyGraph(CudaRuntime.endCapture(stream));
      } catch (RuntimeException second) {
        e.addSuppressed(second);
      }
      throw e;
    }
    long graph = CudaRuntime.endCapture(stream);
    try {
      executable = CudaRuntime.instantiate(graph);
    } finally {
      CudaRuntime.destroyGraph(graph);
    }
  }

  /** Queues a step call by call, with the times of its parts. */
  void measure(CudaTimes times) {
    queue(times);
    met = true;
  }

  private void queue(CudaTimes times) {
    CudaNetwork network = binding.network();
    CudaBlocks blocks = binding.blocks();
    CudaUpdate update = binding.update();
    long stream = binding.stream();
    List<List<CudaOperation>> segments = network.segments();
    CudaPass pass = new CudaPass(this, shape, shape.batch(), blocks.ids());
    for (int s = 0; s < segments.size(); s++) {
      times.began(Phase.FORWARD, s);
      for (CudaOperation operation : segments.get(s)) {
        operation.forward(pass);
      }
      times.ended(Phase.FORWARD, s);
    }
    if (shape.chooses() && shape.count() > 0) {
      choose(pass);
      pass = new CudaPass(this, shape, shape.count(), blocks.idsOfChosen());
    }
    if (shape.backward() && shape.count() == 0) {
      long bytes = network.layout().trainable() * Float.BYTES;
      CudaRuntime.fillAsync(network.gradientAddress(), 0, bytes, stream);
    } else if (shape.backward()) {
      for (int s = segments.size() - 1; s >= 0; s--) {
        times.began(Phase.BACKWARD, s);
        List<CudaOperation> operations = segments.get(s);
        for (int i = operations.size() - 1; i >= 0; i--) {
          operations.get(i).backward(pass);
        }
        times.ended(Phase.BACKWARD, s);
      }
    }
    if (shape.backward()) {
      sumParts();
      update.square(stream);
    }
    boolean norms = shape.backward() && network.plan().norms();
    times.began(Phase.UPDATE, 0);
    check(
        CudaKernels.gs_cuda_verdict(
            shape.batch(),
            blocks.record(CudaKernels.GS_CUDA_RECORD_LOSS),
            norms ? shape.count() : 0,
            norms ? blocks.norm2() : 0,
            shape.chooses() ? blocks.chosen() : 0,
            blocks.ids(),
            shape.backward() ? update.chunks() : 0,
            shape.backward() ? update.sums() : 0,
            blocks.halted(),
            blocks.outcome(),
            stream));
    if (shape.training()) {
      for (List<CudaOperation> operations : segments) {
        for (CudaOperation operation : operations) {
          operation.commit(pass);
        }
      }
    }
    if (shape.update()) {
      update.apply(pass);
    }
    times.ended(Phase.UPDATE, 0);
  }

  /** The chosen samples first, in what backward reads of them. */
  private void choose(CudaPass pass) {
    CudaBlocks blocks = binding.blocks();
    long stream = binding.stream();
    int classes = binding.network().plan().graph().classes();
    check(
        CudaKernels.gs_cuda_choose(
            shape.batch(),
            shape.count(),
            blocks.record(shape.record()),
            blocks.labels(),
            classes,
            shape.byClass() ? blocks.classCounts() : 0,
            pass.workspace(CudaKernels.gs_cuda_choose_workspace(shape.batch(), classes)),
            blocks.chosen(),
            stream));
    CudaRuntime.copyAsync(
        blocks.idsOfChosen(), blocks.ids(), (long) shape.batch() * Long.BYTES, stream);
    gather(Long.BYTES, blocks.idsOfChosen());
    for (CudaNetwork.Rows rows : binding.network().rowsForBackward()) {
      gather(rows.bytes(), rows.address());
    }
  }

  private void gather(long bytes, long rows) {
    check(
        CudaKernels.gs_cuda_gather_rows(
            shape.count(), bytes, binding.blocks().chosen(), rows, binding.stream()));
  }

  /** The gradients of parts add up; those of the last become those of the whole. */
  private void sumParts() {
    Part part = shape.part();
    if (part == null || part == Part.WHOLE) {
      return;
    }
    long sum = binding.partialSum();
    long gradient = binding.network().gradientAddress();
    long count = binding.network().layout().trainable();
    long stream = binding.stream();
    if (part == Part.LAST) {
      check(CudaKernels.gs_cuda_add(count, sum, gradient, gradient, stream));
    } else {
      int how = part == Part.FIRST ? CudaKernels.GS_CUDA_STORE : CudaKernels.GS_CUDA_ADD;
      check(CudaKernels.gs_cuda_pass(count, gradient, how, sum, stream));
    }
  }

  /** The workspace moves: the next step captures anew. */
  void forget() {
    if (executable != 0) {
      long gone = executable;
      executable = 0;
      CudaRuntime.destroyExecutable(gone);
    }
  }

  @Override
  public void close() {
    forget();
  }
}
