package io.gradsieve.dist.nccl;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Ranks of a communicator in this process, one thread each, which a real NCCL would refuse. */
public final class NcclRanks implements AutoCloseable {
  /** So long that only what a test is about ends by a deadline. */
  public static final NcclLimits PATIENT =
      new NcclLimits(Duration.ofSeconds(60), Duration.ofSeconds(60), Duration.ofSeconds(20));

  private static final long MOST_SECONDS = 90;

  private final List<NcclCommunicator> communicators = new ArrayList<>();
  private final List<String> halts = Collections.synchronizedList(new ArrayList<>());
  private final ExecutorService threads;
  private final CyclicBarrier barrier;
  private final CountDownLatch shared;
  private volatile byte[] id = new byte[0];

  /** What one rank does. */
  interface Part {
    void run(int rank) throws Exception;
  }

  /** Not started yet. */
  NcclRanks(int world, NcclLimits limits) {
    barrier = new CyclicBarrier(world);
    shared = new CountDownLatch(world);
    threads = Executors.newFixedThreadPool(world);
    for (int rank = 0; rank < world; rank++) {
      communicators.add(new NcclCommunicator(0, rank, world, limits, halts::add));
    }
  }

  /** All with a communicator. */
  public static NcclRanks started(int world, NcclLimits limits) throws Exception {
    NcclRanks ranks = new NcclRanks(world, limits);
    ranks.all(rank -> ranks.get(rank).start(ranks.meeting(rank)));
    return ranks;
  }

  /** The communicator of a rank. */
  public NcclCommunicator get(int rank) {
    return communicators.get(rank);
  }

  /** What was said of the process. */
  List<String> halts() {
    return List.copyOf(halts);
  }

  NcclMeeting meeting(int rank) {
    return new NcclMeeting() {
      @Override
      public void ready() throws IOException, InterruptedException {
        meet();
      }

      @Override
      public byte[] share(byte[] own) throws IOException, InterruptedException {
        if (rank == 0) {
          id = own;
        }
        meet();
        shared.countDown();
        return id.clone();
      }

      @Override
      public void made() throws IOException, InterruptedException {
        meet();
      }
    };
  }

  /** Returns when all have the id. */
  void awaitShared() throws InterruptedException {
    if (!shared.await(MOST_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException("not all have the id");
    }
  }

  private void meet() throws IOException, InterruptedException {
    try {
      barrier.await(MOST_SECONDS, TimeUnit.SECONDS);
    } catch (BrokenBarrierException | TimeoutException e) {
      throw new IOException("not all came", e);
    }
  }

  /** On a thread of its own. */
  <T> Future<T> begin(Callable<T> work) {
    return threads.submit(work);
  }

  /** All ranks at a time; throws what the first of them threw. */
  void all(Part part) throws Exception {
    List<Future<Boolean>> parts = new ArrayList<>();
    for (int i = 0; i < communicators.size(); i++) {
      int rank = i;
      parts.add(
          begin(
              () -> {
                part.run(rank);
                return true;
              }));
    }
    for (Future<Boolean> one : parts) {
      result(one);
    }
  }

  static <T> T result(Future<T> future) throws Exception {
    try {
      return future.get(MOST_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Waits for aborts that were given up. */
  static void joinAborts() throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("gradsieve-nccl")) {
        thread.join(MOST_SECONDS * 1000);
      }
    }
  }

  @Override
  public void close() throws Exception {
    all(rank -> get(rank).close());
    threads.shutdown();
    if (!threads.awaitTermination(MOST_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException("a rank does not come to its end");
    }
  }
}
