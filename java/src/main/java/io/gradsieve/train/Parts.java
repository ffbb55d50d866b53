package io.gradsieve.train;

import io.gradsieve.sieve.RankShare;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How a worker's share of an epoch's steps is cut into parts that its memory holds: as few as can
 * be, of sizes that differ by at most one, in order; for every worker as many, some of which may be
 * empty.
 *
 * @param all in order
 */
record Parts(List<Part> all) {
  Parts {
    all = List.copyOf(all);
  }

  /**
   * A part of a step.
   *
   * @param batch which step it belongs to, from 0
   * @param from its first sample, counted over all steps
   * @param to the sample after its last
   * @param chosen samples of it that go backward
   * @param first whether it begins its step
   * @param last whether it ends its step
   * @param done samples of all workers that are through when it is, counted over all steps
   */
  record Part(int batch, int from, int to, int chosen, boolean first, boolean last, int done) {
    int size() {
      return to - from;
    }
  }

  /**
   * Cuts steps.
   *
   * @param batchSizes samples of each, of all workers together
   * @param chosenSizes how many samples of each go backward
   * @param most samples of a part
   */
  static Parts of(int[] batchSizes, int[] chosenSizes, int most, RankShare share) {
    List<Part> all = new ArrayList<>();
    int start = 0;
    for (int b = 0; b < batchSizes.length; b++) {
      int size = batchSizes[b];
      int count = (share.largest(size) + most - 1) / most;
      int own = share.from(size);
      long length = share.to(size) - own;
      for (int part = 0; part < count; part++) {
        int from = own + (int) (part * length / count);
        int to = own + (int) ((part + 1) * length / count);
        boolean last = part + 1 == count;
        all.add(
            new Part(
                b,
                start + from,
                start + to,
                until(to, chosenSizes[b], size) - until(from, chosenSizes[b], size),
                part == 0,
                last,
                start + (last ? size : to)));
      }
      start += size;
    }
    return new Parts(all);
  }

  /** How many of the first {@code samples} of a step are chosen. */
  private static int until(int samples, int chosen, int size) {
    return (int) ((long) samples * chosen / size);
  }

  /** How many there are. */
  int count() {
    return all.size();
  }

  Part get(int part) {
    return all.get(part);
  }

  /** Samples of each. */
  int[] sizes() {
    return all.stream().mapToInt(Part::size).toArray();
  }

  /** Which samples they are, in order; the first step begins with sample {@code start}. */
  int[] entries(int start) {
    int[] entries = new int[Arrays.stream(sizes()).sum()];
    int next = 0;
    for (Part part : all) {
      for (int sample = part.from(); sample < part.to(); sample++) {
        entries[next++] = start + sample;
      }
    }
    return entries;
  }
}
