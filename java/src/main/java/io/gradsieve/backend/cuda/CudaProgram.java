package io.gradsieve.backend.cuda;

import static io.gradsieve.backend.cuda.CudaErrors.check;

import io.gradsieve.backend.CompiledStep.Place;
import io.gradsieve.backend.StepTimes.Phase;
import io.gradsieve.backend.cuda.CudaPoints.Bucket;
import io.gradsieve.backend.cuda.CudaPoints.Point;
import io.gradsieve.backend.layout.Range;
import io.gradsieve.natives.CudaKernels;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The queued work of steps of one shape. The first of them runs call by call, so that libraries
 * load what they need and the workspace gets its size; the second is captured as a chain of graphs,
 * one where it meets nobody, else cut where it does. From then on a step is their launches.
 */
final class CudaProgram implements AutoCloseable {
  /** A graph, and the point it leads to. */
  private record Link(long executable, @Nullable Point point) {}

  private final CudaBinding binding;
  private final CudaStepShape shape;

  /** Where it meets others, if it does. */
  private final @Nullable CudaPoints points;

  private final List<Link> chain = new ArrayList<>();
  private boolean met;
  private boolean capturing;

  CudaProgram(CudaBinding binding, CudaStepShape shape, @Nullable CudaPoints points) {
    this.binding = binding;
    this.shape = shape;
    this.points = points;
  }

  CudaBinding binding() {
    return binding;
  }

  /** Queues a step of this shape. */
  void run() {
    if (chain.isEmpty()) {
      if (!met) {
        queue(CudaTimes.NONE);
        met = true;
        return;
      }
      capture();
    }
    for (int i = 0; i < chain.size(); i++) {
      Link link = chain.get(i);
      CudaRuntime.launch(link.executable(), binding.stream());
      if (link.point() != null) {
        reached(link.point());
      }
    }
  }

  private void capture() {
    CudaRuntime.beginCapture(binding.stream());
    capturing = true;
    try {
      queue(CudaTimes.NONE);
      endLink(null);
    } catch (RuntimeException e) {
      try {
        abandonCapture();
        forget();
      } catch (RuntimeException second) {
        e.addSuppressed(second);
      }
      throw e;
    }
  }

  /** What was captured becomes the next graph of the chain. */
  private void endLink(@Nullable Point point) {
    capturing = false;
    long graph = CudaRuntime.endCapture(binding.stream());
    try {
      chain.add(new Link(CudaRuntime.instantiate(graph), point));
    } finally {
      CudaRuntime.destroyGraph(graph);
    }
  }

  private void abandonCapture() {
    if (capturing) {
      capturing = false;
      CudaRuntime.destroyGraph(CudaRuntime.endCapture(binding.stream()));
    }
  }

  /** What follows is queued once the others have answered. */
  private void meet(Point point) {
    if (!capturing) {
      reached(point);
      return;
    }
    endLink(point);
    CudaRuntime.beginCapture(binding.stream());
    capturing = true;
  }

  private void reached(Point point) {
    if (points != null) {
      points.reached(point);
    }
  }

  /** A batch norm's sums are those of this share. */
  void sumsReady(int statistics) {
    Point point = points == null ? null : points.sums(statistics);
    if (point != null) {
      meet(point);
    }
  }

  /** Queues a step call by call, with the times of its parts. */
  void measure(CudaTimes times) {
    queue(times);
    met = true;
  }

  private void queue(CudaTimes times) {
    CudaNetwork network = binding.network();
    CudaUpdate update = binding.update();
    long stream = binding.stream();
    List<List<CudaOperation>> segments = network.segments();
    CudaPass pass = new CudaPass(this, shape, shape.batch(), binding.blocks().ids());
    for (int s = 0; s < segments.size(); s++) {
      times.began(Phase.FORWARD, s);
      for (CudaOperation operation : segments.get(s)) {
        if (runs(operation, pass)) {
          operation.forward(pass);
        }
      }
      times.ended(Phase.FORWARD, s);
    }
    if (shape.chooses() && shape.count() > 0) {
      choose(pass);
      pass = new CudaPass(this, shape, shape.count(), binding.blocks().backwardIds());
    } else if (shape.count() < shape.batch()) {
      pass = new CudaPass(this, shape, 0, binding.blocks().ids());
    }
    if (shape.backward()) {
      backward(pass, times);
    }
    times.began(Phase.UPDATE, 0);
    boolean reduces = points != null && shape.completes();
    if (shape.backward() && !reduces) {
      update.square(stream);
    }
    verdict(shape.batch(), shape.backward() && !reduces);
    if (points != null) {
      meet(points.agreement(reduces));
    }
    if (reduces) {
      update.square(stream);
      verdict(0, true);
    }
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

  private static boolean runs(CudaOperation operation, CudaPass pass) {
    return pass.batch() > 0 || operation.ofBatch();
  }

  private void backward(CudaPass pass, CudaTimes times) {
    CudaNetwork network = binding.network();
    List<List<CudaOperation>> segments = network.segments();
    if (pass.batch() == 0) {
      long bytes = network.layout().trainable() * Float.BYTES;
      CudaRuntime.fillAsync(network.gradientAddress(), 0, bytes, binding.stream());
    }
    for (int s = segments.size() - 1; s >= 0; s--) {
      times.began(Phase.BACKWARD, s);
      List<CudaOperation> operations = segments.get(s);
      for (int i = operations.size() - 1; i >= 0; i--) {
        if (runs(operations.get(i), pass)) {
          operations.get(i).backward(pass);
        }
      }
      times.ended(Phase.BACKWARD, s);
      Bucket filled = points == null || !shape.completes() ? null : points.bucketFilledBy(s);
      if (filled != null) {
        sumParts(filled.ranges());
        meet(filled);
      }
    }
    if (points == null || !shape.completes()) {
      sumParts(List.of(new Range(0, network.layout().trainable())));
    }
  }

  /**
   * Judges the step, by the losses and norms of so many samples and by the squares of the gradient.
   */
  private void verdict(int batch, boolean squares) {
    CudaBlocks blocks = binding.blocks();
    CudaUpdate update = binding.update();
    boolean norms = batch > 0 && shape.backward() && binding.network().plan().norms();
    check(
        CudaKernels.gs_cuda_verdict(
            batch,
            blocks.record(CudaKernels.GS_CUDA_RECORD_LOSS),
            norms ? shape.count() : 0,
            norms ? blocks.norm2() : 0,
            shape.chooses() ? blocks.backwardRows() : 0,
            blocks.ids(),
            squares ? update.chunks() : 0,
            squares ? update.sums() : 0,
            blocks.halted(),
            blocks.outcome(),
            binding.stream()));
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
            blocks.backwardRows(),
            stream));
    CudaRuntime.copyAsync(
        blocks.backwardIds(), blocks.ids(), (long) shape.batch() * Long.BYTES, stream);
    gather(Long.BYTES, blocks.backwardIds());
    for (CudaNetwork.Rows rows : binding.network().rowsForBackward()) {
      gather(rows.bytes(), rows.address());
    }
  }

  private void gather(long bytes, long rows) {
    check(
        CudaKernels.gs_cuda_gather_rows(
            shape.count(), bytes, binding.blocks().backwardRows(), rows, binding.stream()));
  }

  /** The gradients of parts add up; those of the last become those of the whole. */
  private void sumParts(List<Range> ranges) {
    Place place = shape.place();
    if (place == null || place == Place.WHOLE) {
      return;
    }
    for (Range range : ranges) {
      long sum = binding.partialSum() + range.from() * Float.BYTES;
      long gradient = binding.network().gradientAddress() + range.from() * Float.BYTES;
      long stream = binding.stream();
      if (place == Place.LAST) {
        check(CudaKernels.gs_cuda_add(range.floats(), sum, gradient, gradient, stream));
      } else {
        int how = place == Place.FIRST ? CudaKernels.GS_CUDA_STORE : CudaKernels.GS_CUDA_ADD;
        check(CudaKernels.gs_cuda_pass(range.floats(), gradient, how, sum, stream));
      }
    }
  }

  /** The workspace moves: the next step captures anew. */
  void forget() {
    while (!chain.isEmpty()) {
      CudaRuntime.destroyExecutable(chain.remove(chain.size() - 1).executable());
    }
  }

  @Override
  public void close() {
    forget();
  }
}
