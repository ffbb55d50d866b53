package io.gradsieve.train;

import java.util.Arrays;

/**
 * How batches are cut into parts that a step's memory holds: as few as can be, of sizes that differ
 * by at most one, in order.
 *
 * @param sizes samples of each part
 * @param batches which batch each part belongs to, from 0
 */
record Parts(int[] sizes, int[] batches) {
  static Parts of(int[] batchSizes, int most) {
    int[] counts = Arrays.stream(batchSizes).map(size -> (size + most - 1) / most).toArray();
    int[] sizes = new int[Arrays.stream(counts).sum()];
    int[] batches = new int[sizes.length];
    int next = 0;
    for (int b = 0; b < batchSizes.length; b++) {
      for (int part = 0; part < counts[b]; part++) {
        long end = (part + 1L) * batchSizes[b] / counts[b];
        sizes[next] = (int) (end - (long) part * batchSizes[b] / counts[b]);
        batches[next++] = b;
      }
    }
    return new Parts(sizes, batches);
  }

  /** Whether the part begins a batch. */
  boolean first(int part) {
    return part == 0 || batches[part - 1] != batches[part];
  }

  /** Whether the part ends a batch. */
  boolean last(int part) {
    return part + 1 == batches.length || batches[part + 1] != batches[part];
  }
}
