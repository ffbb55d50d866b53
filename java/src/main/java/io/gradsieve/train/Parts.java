package io.gradsieve.train;

import java.util.Arrays;

/**
 * How batches are cut into parts that a step's memory holds: as few as can be, of sizes that differ
 * by at most one, in order.
 *
 * @param sizes samples of each part
 * @param chosen samples of each part that go backward
 * @param batches which batch each part belongs to, from 0
 */
record Parts(int[] sizes, int[] chosen, int[] batches) {
  /**
   * Cuts batches.
   *
   * @param chosenSizes how many samples of each go backward
   * @param most samples of a part
   */
  static Parts of(int[] batchSizes, int[] chosenSizes, int most) {
    int[] counts = Arrays.stream(batchSizes).map(size -> (size + most - 1) / most).toArray();
    int[] sizes = new int[Arrays.stream(counts).sum()];
    int[] chosen = new int[sizes.length];
    int[] batches = new int[sizes.length];
    int next = 0;
    for (int b = 0; b < batchSizes.length; b++) {
      for (int part = 0; part < counts[b]; part++) {
        long from = (long) part * batchSizes[b] / counts[b];
        long to = (part + 1L) * batchSizes[b] / counts[b];
        sizes[next] = (int) (to - from);
        chosen[next] =
            (int) (to * chosenSizes[b] / batchSizes[b] - from * chosenSizes[b] / batchSizes[b]);
        batches[next++] = b;
      }
    }
    return new Parts(sizes, chosen, batches);
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
