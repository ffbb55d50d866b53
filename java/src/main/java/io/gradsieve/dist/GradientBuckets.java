package io.gradsieve.dist;

import io.gradsieve.backend.Participants;
import io.gradsieve.backend.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A step's participants over a collective. Gradients of segments are collected in buckets, so that
 * small ones share a round, and reduced while the device runs the backward pass of earlier
 * segments; what is not finite in one share, all know of before the update. One for each
 * collective: after a failure neither is of use.
 */
public final class GradientBuckets implements Participants {
  /** From so many bytes on a bucket is reduced: a round of the ring costs less than its bytes. */
  public static final int BYTES = 1 << 20;

  private static final int VERDICT_BYTES = Integer.BYTES + Long.BYTES;

  private final Collective collective;
  private final int most;
  private final List<ByteBuffer> bucket = new ArrayList<>();
  private long bytes;

  /** Buckets of {@link #BYTES}; the collective stays the caller's. */
  public GradientBuckets(Collective collective) {
    this(collective, BYTES);
  }

  /** Buckets of at least so many bytes, but the last of a step. */
  GradientBuckets(Collective collective, int bytes) {
    this.collective = collective;
    most = bytes;
  }

  @Override
  public void sums(int statistics, DoubleBuffer sums) throws IOException, InterruptedException {
    collective.allReduce(sums);
  }

  @Override
  public void gradients(int segment, List<ByteBuffer> ranges)
      throws IOException, InterruptedException {
    for (int i = 0; i < ranges.size(); i++) {
      bucket.add(ranges.get(i));
      bytes += ranges.get(i).remaining();
    }
    if (bytes >= most) {
      reduce();
    }
  }

  private void reduce() throws IOException, InterruptedException {
    try {
      collective.allReduce(bucket);
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
    double[] bad = {own.fine() ? 0 : 1};
    collective.allReduce(DoubleBuffer.wrap(bad));
    if (bad[0] == 0) {
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
