package io.gradsieve.backend.cpu;

import io.gradsieve.backend.layout.Layout;
import io.gradsieve.graph.Graph;

/** How a graph lies on a CPU: in whole vectors, and in blocks of samples that fit its caches. */
final class CpuLayout extends Layout {
  /** Lanes of the widest vector registers, 16 floats; pitches are multiples of it. */
  static final int LANES = 16;

  /** Most samples that go through a segment of images together. */
  private static final int LARGEST_IMAGE_BLOCK = 8;

  /**
   * Bytes of a block's values and gradients: half a common second-level cache. Chosen, not tuned:
   * on a busy machine blocks of 1, 2, 4 and 8 samples could not be told apart on cnn or resnet20.
   */
  private static final long BLOCK_BYTES = 256 << 10;

  /** Samples that go through a segment of features together: enough rows for a matrix product. */
  private static final int FEATURE_BLOCK = 256;

  private CpuLayout(Graph graph) {
    super(graph, CpuKinds.TABLE, LANES);
  }

  /** The layout of a graph; the same for every graph of one network. */
  static CpuLayout of(Graph graph) {
    return new CpuLayout(graph);
  }

  @Override
  public boolean segmented() {
    return true;
  }

  /** As many samples as fit in the cache with their values and gradients. */
  @Override
  public int block(boolean rows, long floatsOfASample) {
    if (rows) {
      return FEATURE_BLOCK;
    }
    long samples = BLOCK_BYTES / (2 * Float.BYTES * Math.max(1, floatsOfASample));
    return (int) Math.max(1, Math.min(LARGEST_IMAGE_BLOCK, samples));
  }
}
