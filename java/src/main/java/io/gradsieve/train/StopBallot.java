package io.gradsieve.train;

import io.gradsieve.dist.GradientBuckets;

/**
 * How workers agree to stop: a request of any of them travels with the last bucket of a micro-batch
 * and with whatever they exchange between steps. Two micro-batches may be under way, so the one
 * that is queued next heeds the ballots of those before these two, which all workers have counted.
 */
final class StopBallot implements GradientBuckets.Ballot {
  private static final int INTERRUPT = 2;
  private static final int TERMINATE = 15;
  private static final long NEVER = Long.MAX_VALUE;

  private final StopRequest asked;
  private final StopRequest agreed;
  private long counted; // by the thread that counts
  private volatile long stopAfter = NEVER;

  /**
   * A ballot.
   *
   * @param asked of this worker
   * @param agreed is asked when all know of it at the same place
   */
  StopBallot(StopRequest asked, StopRequest agreed) {
    this.asked = asked;
    this.agreed = agreed;
  }

  @Override
  public int size() {
    return 2;
  }

  @Override
  public void cast(double[] counts, int first) {
    int signal = asked.signal();
    counts[first] = signal == INTERRUPT ? 1 : 0;
    counts[first + 1] = signal != INTERRUPT && signal != 0 ? 1 : 0;
  }

  @Override
  public void counted(double[] sums, int first) {
    if (stopAfter == NEVER && sums[first] + sums[first + 1] > 0) {
      stopAfter = counted;
    }
    counted++;
  }

  /**
   * Whether a micro-batch is not to be queued.
   *
   * @param microBatch counted over the run, from 0
   * @param underWay how many before it may not have been awaited
   */
  boolean stops(long microBatch, int underWay) {
    return stopAfter < microBatch - underWay;
  }

  /** Of sums that all workers have at the same place: from here on the stop is agreed. */
  void settle(double[] sums, int first) {
    if (sums[first] + sums[first + 1] > 0) {
      agreed.stop(sums[first] > 0 ? INTERRUPT : TERMINATE);
    }
  }
}
