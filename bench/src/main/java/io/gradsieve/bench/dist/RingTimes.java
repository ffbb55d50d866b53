package io.gradsieve.bench.dist;

import io.gradsieve.backend.cpu.CpuBackend;
import io.gradsieve.dist.ring.Ring;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/**
 * One rank of a ring over TCP whose ranks have an address each: {@code RingTimes RANK SECONDS
 * BYTES,BYTES,… ADDRESS ADDRESS…}. Sums each size again and again, for about so many seconds after
 * as many to warm up. Rank 0 prints a line for each: ranks, bytes, times, and of these, in seconds
 * a sum, first quartile, median and third quartile, between commas. {@code bench/wire/rings} starts
 * it on hosts.
 */
public final class RingTimes {
  private static final int PORT = 29_480;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long RETRY_NANOS = 20_000_000;
  private static final int LEAST = 3;
  private static final int MOST = 2_000;
  private static final int IN_A_ROW = 12;
  private static final int WINDOWS = 9;

  private RingTimes() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length < 5) {
      System.err.println("usage: RingTimes RANK SECONDS BYTES,BYTES,... ADDRESS ADDRESS...");
      System.exit(2);
    }
    int rank = Integer.parseInt(arguments[0]);
    double seconds = Double.parseDouble(arguments[1]);
    int[] sizes = Arrays.stream(arguments[2].split(",")).mapToInt(Integer::parseInt).toArray();
    List<String> addresses = Arrays.asList(arguments).subList(3, arguments.length);
    CpuBackend.open(1).close(); // which chooses kernels
    try (Ring ring = ring(rank, addresses)) {
      times(ring, sizes[0], seconds);
      for (int bytes : sizes) {
        double[] sums = times(ring, bytes, seconds);
        if (rank == 0) {
          System.out.printf(
              Locale.ROOT,
              "%d,%d,%d,%.7f,%.7f,%.7f%n",
              ring.world(),
              bytes,
              sums.length,
              sums[sums.length / 4],
              sums[sums.length / 2],
              sums[sums.length * 3 / 4]);
        }
      }
      ring.barrier();
    }
  }

  private static Ring ring(int rank, List<String> addresses) throws IOException {
    int world = addresses.size();
    try (ServerSocketChannel door =
        ServerSocketChannel.open().bind(new InetSocketAddress(addresses.get(rank), PORT))) {
      SocketChannel next = connect(addresses.get((rank + 1) % world));
      return new Ring(rank, world, door.accept(), next, PATIENCE);
    }
  }

  /** As a worker does, which is there by then or soon. */
  private static SocketChannel connect(String address) throws IOException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        SocketChannel next = SocketChannel.open(new InetSocketAddress(address, PORT));
        next.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return next;
      } catch (ConnectException e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
  }

  /**
   * Seconds of a sum, in order of size: means of some in a row, since ranks that do not wait for
   * each other between sums may be late by turns.
   */
  private static double[] times(Ring ring, int bytes, double seconds)
      throws IOException, InterruptedException {
    List<ByteBuffer> zeros = List.of(ByteBuffer.allocateDirect(bytes));
    int count = count(ring, zeros, seconds);
    int inARow = Math.max(1, Math.min(IN_A_ROW, count / WINDOWS));
    double[] sums = new double[count / inARow];
    ring.barrier();
    long before = System.nanoTime();
    for (int i = 0; i < sums.length; i++) {
      for (int j = 0; j < inARow; j++) {
        ring.allReduce(zeros);
      }
      long after = System.nanoTime();
      sums[i] = (after - before) * 1e-9 / inARow;
      before = after;
    }
    Arrays.sort(sums);
    return sums;
  }

  /** How many sums take so long, by the second of two, as rank 0 says. */
  private static int count(Ring ring, List<ByteBuffer> zeros, double seconds)
      throws IOException, InterruptedException {
    ring.allReduce(zeros);
    long start = System.nanoTime();
    ring.allReduce(zeros);
    double taken = (System.nanoTime() - start) * 1e-9;
    ByteBuffer said = ByteBuffer.allocate(Integer.BYTES);
    said.putInt(0, (int) Math.min(MOST, Math.max(LEAST, seconds / taken)));
    ring.broadcast(said.duplicate(), 0);
    return said.getInt(0);
  }
}
