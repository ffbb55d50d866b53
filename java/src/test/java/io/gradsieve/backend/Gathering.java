package io.gradsieve.backend;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;

/**
 * Participants in one process: each waits for all, the last to come makes what they have in common,
 * in the order of their ranks. Who is interrupted breaks it for all.
 */
final class Gathering {
  private final Member[] members;
  private final CyclicBarrier barrier;

  Gathering(int ranks) {
    members = new Member[ranks];
    for (int rank = 0; rank < ranks; rank++) {
      members[rank] = new Member();
    }
    barrier = new CyclicBarrier(ranks, this::combine);
  }

  Participants member(int rank) {
    return members[rank];
  }

  /** One who will not come: the others' calls fail. */
  void leave() {
    barrier.reset();
  }

  /** When the first gradients of the last step came, in nanoseconds of {@link System#nanoTime}. */
  long firstGradients(int rank) {
    return members[rank].firstGradients;
  }

  /** The last step's segments in the order of their gradients. */
  List<Integer> segments(int rank) {
    return List.copyOf(members[rank].segments);
  }

  private void combine() {
    Member first = members[0];
    for (Member member : members) {
      if (!member.call.equals(first.call)) {
        throw new IllegalStateException(first.call + " meets " + member.call);
      }
    }
    if (first.call.startsWith("sums")) {
      for (int i = 0; i < first.doubles.limit(); i++) {
        double sum = 0;
        for (Member member : members) {
          sum += member.doubles.get(i);
        }
        for (Member member : members) {
          member.doubles.put(i, sum);
        }
      }
    } else if (first.call.startsWith("gradients")) {
      for (int r = 0; r < first.ranges.size(); r++) {
        for (int i = 0; i < first.ranges.get(r).limit(); i++) {
          float sum = 0;
          for (Member member : members) {
            sum += member.ranges.get(r).get(i);
          }
          for (Member member : members) {
            member.ranges.get(r).put(i, sum);
          }
        }
      }
    } else {
      Verdict agreed = Verdict.FINE;
      for (Member member : members) {
        agreed = agreed.fine() ? member.verdict : agreed;
      }
      for (Member member : members) {
        member.verdict = agreed;
      }
    }
  }

  private final class Member implements Participants {
    private String call = "";
    private DoubleBuffer doubles = DoubleBuffer.allocate(0);
    private List<FloatBuffer> ranges = List.of();
    private Verdict verdict = Verdict.FINE;
    private long firstGradients;
    private final List<Integer> segments = new ArrayList<>();

    private void meet(String what) throws IOException, InterruptedException {
      call = what;
      try {
        barrier.await();
      } catch (BrokenBarrierException e) {
        throw new IOException("another participant has left", e);
      }
    }

    @Override
    public void sums(int normalizer, DoubleBuffer sums) throws IOException, InterruptedException {
      doubles = sums;
      meet("sums " + normalizer);
    }

    @Override
    public void gradients(int segment, List<ByteBuffer> views)
        throws IOException, InterruptedException {
      if (segments.isEmpty() || segment > segments.get(segments.size() - 1)) { // a step begins
        firstGradients = System.nanoTime();
        segments.clear();
      }
      segments.add(segment);
      ranges = views.stream().map(ByteBuffer::asFloatBuffer).toList();
      meet("gradients " + segment);
    }

    @Override
    public Verdict agree(Verdict own) throws IOException, InterruptedException {
      verdict = own;
      meet("verdict");
      return verdict;
    }
  }
}
