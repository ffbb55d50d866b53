package io.gradsieve.dist;

import io.gradsieve.backend.Participants;
import io.gradsieve.backend.Verdict;
import io.gradsieve.dist.rendezvous.Message.Phase;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A step's participants over a collective. Gradients of segments are collected in buckets, so that
 * small ones share a round, and reduced while the device runs the backward pass of earlier
 * segments, unless the collective would rather have all at the end; what is not finite in one
 * share, all know of before the update. One for each collective: after a failure neither is of use.
 */
public final class GradientBuckets implements Participants {
  /** What the workers count together at the end of every step, or of its part. */
  public interface Ballot {
    /** How many counts a ballot has, the same on every worker. */
    int size();

    /** Writes this worker's counts to those of the array from {@code first} on. */
    void cast(double[] counts, int first);

    /** The same places have the sums over all workers, the same on every one. */
    void counted(double[] sums, int first);
  }

  private static final Ballot NOTHING =
      new Ballot() {
        @Override
        public int size() {
          return 0;
        }

        @Override
        public void cast(double[] counts, int first) {}

        @Override
        public void counted(double[] sums, int first) {}
      };

  private static final int VERDICT_BYTES = Integer.BYTES + Long.BYTES;

  private final Collective collective;
  private final Ballot ballot;
  private final Activity activity;
  private final double[] counts;
  private final List<ByteBuffer> bucket = new ArrayList<>();
  private long bytes;

  /** Without a ballot; the collective stays the caller's. */
  public GradientBuckets(Collective collective) {
    this(collective, NOTHING, new Activity());
  }

  /**
   * The same where a ballot travels with the last bucket.
   *
   * @param activity is told when it waits for others and when the device goes on
   */
  public GradientBuckets(Collective collective, Ballot ballot, Activity activity) {
    this.collective = collective;
    this.ballot = ballot;
    this.activity = activity;
    counts = new double[1 + ballot.size()];
  }

  @Override
  public void sums(int statistics, DoubleBuffer sums) throws IOException, InterruptedException {
    activity.phase(Phase.REDUCING);
    collective.allReduce(sums);
    activity.phase(Phase.COMPUTING);
  }

  @Override
  public void gradients(int segment, List<ByteBuffer> ranges)
      throws IOException, InterruptedException {
    for (int i = 0; i < ranges.size(); i++) {
      bucket.add(ranges.get(i));
      bytes += ranges.get(i).remaining();
    }
    if (bytes >= collective.bucketBytes()) {
      reduce();
    }
  }

  private void reduce() throws IOException, InterruptedException {
    activity.phase(Phase.REDUCING);
    try {
      collective.allReduce(bucket);
      activity.worked();
      activity.phase(Phase.COMPUTING);
    } finally {
      bucket.clear();
      bytes = 0;
    }
  }

  @Override
  public Verdict agree(Verdict own) throws IOException, InterruptedException {
    if (!bucket.isEmpty()) {
      reduce();
    }
    counts[0] = own.fine() ? 0 : 1;
    ballot.cast(counts, 1);
    activity.phase(Phase.REDUCING);
    collective.allReduce(DoubleBuffer.wrap(counts));
    activity.phase(Phase.COMPUTING);
    ballot.counted(counts, 1);
    if (counts[0] == 0) {
      return Verdict.FINE;
    }
    ByteBuffer said = ByteBuffer.allocate(VERDICT_BYTES);
    said.putInt(own.what().ordinal()).putLong(own.sample()).flip();
    for (ByteBuffer verdict : collective.allGather(said)) {
      Verdict.What what = Verdict.What.values()[verdict.getInt()];
      if (what != Verdict.What.NOTHING) {
        return new Verdict(what, verdict.getLong());
      }
    }
    throw new IOException("a worker says that a result is not finite, and none says which");
  }
}
