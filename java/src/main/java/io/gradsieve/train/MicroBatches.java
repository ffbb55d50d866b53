package io.gradsieve.train;

import io.gradsieve.sieve.ClassShares;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.RankShare;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How a worker's share of an epoch's steps is cut into parts that its memory holds: as few as can
 * be, of sizes that differ by at most one, in order; for every worker as many, some of which may be
 * empty.
 */
final class MicroBatches {
  private static final int[] ANY_CLASS = {};

  private MicroBatches() {}

  /**
   * Cuts the steps of a plan.
   *
   * @param most samples of a part
   */
  static List<MicroBatch> of(EpochPlan plan, int most, RankShare share) {
    List<MicroBatch> all = new ArrayList<>();
    int[] batchSizes = plan.batchSizes();
    int[] backwardSizes = plan.backwardSizes();
    int start = 0;
    for (int step = 0; step < batchSizes.length; step++) {
      int size = batchSizes[step];
      int backward = backwardSizes[step];
      int count = (share.largest(size) + most - 1) / most;
      int own = share.from(size);
      long length = share.to(size) - own;
      for (int part = 0; part < count; part++) {
        int from = own + (int) (part * length / count);
        int to = own + (int) ((part + 1) * length / count);
        boolean last = part + 1 == count;
        all.add(
            new MicroBatch(
                all.size(),
                step,
                start + from,
                start + to,
                until(to, backward, size) - until(from, backward, size),
                ANY_CLASS,
                backward,
                part == 0,
                last,
                start + (last ? size : to)));
      }
      start += size;
    }
    return all;
  }

  /** How many of the first {@code samples} of a step go backward. */
  private static int until(int samples, int backward, int size) {
    return (int) ((long) samples * backward / size);
  }

  /**
   * The same, where every class is to keep the same share: how many go backward, and of which
   * class, is what {@link ClassShares} says; one at least in each step.
   *
   * @param cut all of an epoch
   * @param classes of each row of the score table
   * @param count how many classes there are
   */
  static List<MicroBatch> balanced(List<MicroBatch> cut, EpochPlan plan, int[] classes, int count) {
    int[] labels = Arrays.stream(plan.order()).map(row -> classes[row]).toArray();
    int[] sizes = new int[count];
    for (int label : labels) {
      sizes[label]++;
    }
    ClassShares shares = new ClassShares(plan.backwardShare(), sizes);
    IntBuffer left = IntBuffer.wrap(labels);
    List<MicroBatch> all = new ArrayList<>();
    int ofStep = 0;
    for (MicroBatch part : cut) {
      ofStep = part.first() ? 0 : ofStep;
      boolean one = part.last() && ofStep == 0;
      int[] ofClass = shares.next(left.position(part.from()).slice(), part.size(), one);
      ofStep += shares.sum();
      all.add(part.choosing(shares.sum(), ofClass, ofStep));
    }
    return all;
  }

  /** Samples of each. */
  static int[] sizes(List<MicroBatch> parts) {
    return parts.stream().mapToInt(MicroBatch::size).toArray();
  }

  /** Which entries of the plan they are, in order. */
  static int[] entries(List<MicroBatch> parts) {
    int[] entries = new int[Arrays.stream(sizes(parts)).sum()];
    int next = 0;
    for (MicroBatch part : parts) {
      for (int entry = part.from(); entry < part.to(); entry++) {
        entries[next++] = entry;
      }
    }
    return entries;
  }
}
