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

  /** The parts of all workers, by rank. */
  static List<List<MicroBatch>> of(EpochPlan plan, int most, int world) {
    List<List<MicroBatch>> all = new ArrayList<>();
    for (int rank = 0; rank < world; rank++) {
      all.add(of(plan, most, new RankShare(rank, world)));
    }
    return all;
  }

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

  /** The parts of all workers, by rank, where every class of the data is to keep the same share. */
  static List<List<MicroBatch>> balanced(EpochPlan plan, int most, int world, TrainingData data) {
    return balanced(plan, most, world, data.trainClasses(), data.dataset().classes().size());
  }

  /**
   * How many go backward, and of which class, is what {@link ClassShares} says; one at least in
   * each step.
   *
   * @param classes of each row of the score table
   * @param count how many classes there are
   */
  static List<List<MicroBatch>> balanced(
      EpochPlan plan, int most, int world, int[] classes, int count) {
    int[] labels = Arrays.stream(plan.order()).map(row -> classes[row]).toArray();
    int[] sizes = new int[count];
    for (int label : labels) {
      sizes[label]++;
    }
    ClassShares shares = new ClassShares(plan.backwardShare(), sizes);
    IntBuffer left = IntBuffer.wrap(labels);
    List<List<MicroBatch>> all = of(plan, most, world);
    int next = 0; // of every worker's parts
    int first = 0; // sample of the step
    for (int step = 0; step < plan.steps(); step++) {
      int begun = next;
      int until = begun;
      int ofStep = 0;
      int size = plan.batchSizes()[step];
      boolean none = shares.due(left.position(first).slice(), size) == 0;
      first += size;
      for (List<MicroBatch> parts : all) {
        for (until = begun; until < parts.size() && parts.get(until).step() == step; until++) {
          MicroBatch part = parts.get(until);
          boolean one = none && part.size() > 0 && ofStep == 0;
          int[] ofClass = shares.next(left.position(part.from()).slice(), part.size(), one);
          ofStep += shares.sum();
          parts.set(until, part.choosing(shares.sum(), ofClass));
        }
      }
      int sum = ofStep;
      for (List<MicroBatch> parts : all) {
        parts.subList(begun, until).replaceAll(part -> part.ofStep(sum));
      }
      next = until;
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
