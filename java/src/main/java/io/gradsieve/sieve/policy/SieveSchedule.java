package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.Steps;
import java.util.ArrayList;
import java.util.List;

/**
 * What a policy will do to a run, before anything is scored: for {@code --dry-run}, and beside the
 * real shares in summaries.
 *
 * @param samples N
 * @param epochs one entry an epoch
 */
public record SieveSchedule(int samples, List<Epoch> epochs) {
  /**
   * One epoch; ranges are the same at both ends where the policy's size does not depend on scores.
   *
   * @param epoch from 1
   * @param leastKept M at least
   * @param mostKept M at most
   * @param leastSteps optimizer steps at least
   * @param mostSteps optimizer steps at most
   * @param smallestBatch of the steps, over both ends
   * @param largestBatch of the steps, over both ends
   */
  public record Epoch(
      int epoch,
      boolean filtered,
      int leastKept,
      int mostKept,
      int leastSteps,
      int mostSteps,
      int smallestBatch,
      int largestBatch) {}

  /** The schedule of a run over N samples, at least one. */
  public static SieveSchedule of(SievePolicy policy, int samples, int batchSize, int epochs) {
    List<Epoch> list = new ArrayList<>();
    for (int epoch = 1; epoch <= epochs; epoch++) {
      boolean filtered = policy.filtering().filters(epoch, epochs);
      int least = filtered ? policy.leastKept(samples) : samples;
      int most = filtered ? policy.mostKept(samples) : samples;
      Steps steps = policy.filtering().steps();
      int[] few = steps.cut(least, samples, batchSize);
      int[] many = steps.cut(most, samples, batchSize);
      list.add(
          new Epoch(
              epoch,
              filtered,
              least,
              most,
              few.length,
              many.length,
              Math.min(smallest(few), smallest(many)),
              Math.max(largest(few), largest(many))));
    }
    return new SieveSchedule(samples, List.copyOf(list));
  }

  /** The least share of the run's gradients that is skipped. */
  public double leastSkipped() {
    return 1
        - epochs.stream().mapToDouble(Epoch::mostKept).sum() / ((double) samples * epochs.size());
  }

  /** The largest share of the run's gradients that is skipped. */
  public double mostSkipped() {
    return 1
        - epochs.stream().mapToDouble(Epoch::leastKept).sum() / ((double) samples * epochs.size());
  }

  private static int smallest(int[] sizes) {
    int least = Integer.MAX_VALUE;
    for (int size : sizes) {
      least = Math.min(least, size);
    }
    return least;
  }

  private static int largest(int[] sizes) {
    int most = 0;
    for (int size : sizes) {
      most = Math.max(most, size);
    }
    return most;
  }
}
