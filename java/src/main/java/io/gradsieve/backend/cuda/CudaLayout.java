package io.gradsieve.backend.cuda;

import io.gradsieve.backend.layout.Layout;
import io.gradsieve.backend.layout.Tensor;
import io.gradsieve.graph.Graph;

/** How a graph lies on a GPU: channels in words of 16 bytes, every operation by itself. */
final class CudaLayout extends Layout {
  /** Floats that a thread moves at once; pitches are multiples of it. */
  static final int WORD = 4;

  private CudaLayout(Graph graph) {
    super(graph, CudaKinds.TABLE, WORD);
  }

  /** The layout of a graph; the same for every graph of one network. */
  static CudaLayout of(Graph graph) {
    return new CudaLayout(graph);
  }

  /** As densely as kernels write it, sample after sample. */
  @Override
  public Tensor saved(long floats) {
    int exact = Math.toIntExact(floats);
    return new Tensor(1, exact, exact);
  }

  @Override
  public boolean segmented() {
    return false;
  }

  /** Never asked: nothing goes in blocks. */
  @Override
  public int block(boolean rows, long floats) {
    throw new IllegalStateException("a GPU's operations take the whole batch");
  }
}
