package io.gradsieve.bench.dist;

import io.gradsieve.dist.ring.Ring;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Two processes on this machine sum 25 MB over a ring, in turns with a plain copy of as many bytes
 * both ways at once over connections of the same kind: {@code AllReduce tcp|unix [MB] [PAIRS]}. One
 * line: medians of both in GB/s of each direction, and the median of the pairs' ratios.
 */
public final class AllReduce {
  private static final int PIECE = 1 << 18;
  private static final int WARM_UP = 20;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private AllReduce() {}

  /** What one of the two processes has: a connection each way for the ring, and for the copy. */
  private record Lines(SocketChannel from, SocketChannel to, SocketChannel in, SocketChannel out) {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length == 0 || !List.of("tcp", "unix").contains(arguments[0])) {
      System.err.println("usage: AllReduce tcp|unix [MB] [PAIRS]");
      System.exit(2);
    }
    boolean unix = arguments[0].equals("unix");
    int megabytes = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 25;
    int pairs = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 15;
    if (arguments.length > 3) {
      SocketChannel[] four = new SocketChannel[4];
      for (int i = 0; i < 4; i++) {
        four[i] =
            SocketChannel.open(
                unix
                    ? UnixDomainSocketAddress.of(arguments[3])
                    : new InetSocketAddress(
                        InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[3])));
      }
      turns(1, new Lines(four[0], four[1], four[2], four[3]), megabytes, pairs);
      return;
    }
    Path directory = Files.createTempDirectory("ring");
    try (ServerSocketChannel server =
        unix
            ? ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(directory.resolve("s")))
            : ServerSocketChannel.open()
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      String address =
          unix
              ? directory.resolve("s").toString()
              : Integer.toString(((InetSocketAddress) server.getLocalAddress()).getPort());
      Process other =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  AllReduce.class.getName(),
                  arguments[0],
                  Integer.toString(megabytes),
                  Integer.toString(pairs),
                  address)
              .inheritIO()
              .start();
      SocketChannel to = server.accept();
      SocketChannel from = server.accept();
      SocketChannel out = server.accept();
      SocketChannel in = server.accept();
      turns(0, new Lines(from, to, in, out), megabytes, pairs);
      other.waitFor();
    } finally {
      Files.deleteIfExists(directory.resolve("s"));
      Files.delete(directory);
    }
  }

  private static void turns(int rank, Lines lines, int megabytes, int pairs)
      throws IOException, InterruptedException {
    int floats = megabytes * 1_000_000 / Float.BYTES;
    ByteBuffer values = ByteBuffer.allocateDirect(floats * Float.BYTES);
    ByteBuffer sent = ByteBuffer.allocateDirect(floats * Float.BYTES);
    ByteBuffer received = ByteBuffer.allocateDirect(floats * Float.BYTES);
    lines.in.configureBlocking(false);
    lines.out.configureBlocking(false);
    double[] ring = new double[pairs];
    double[] copy = new double[pairs];
    try (Ring both = new Ring(rank, 2, lines.from, lines.to, PATIENCE);
        Selector selector = Selector.open()) {
      SelectionKey readable = lines.in.register(selector, 0);
      SelectionKey writable = lines.out.register(selector, 0);
      for (int i = -WARM_UP; i < pairs; i++) {
        both.barrier();
        long start = System.nanoTime();
        both.allReduce(List.of(values));
        both.barrier();
        long middle = System.nanoTime();
        copy(lines, selector, readable, writable, sent, received);
        both.barrier();
        long end = System.nanoTime();
        if (i >= 0) {
          ring[i] = megabytes * 1e6 / (middle - start);
          copy[i] = megabytes * 1e6 / (end - middle);
        }
      }
    }
    if (rank == 0) {
      double[] ratios = new double[pairs];
      Arrays.setAll(ratios, i -> ring[i] / copy[i]);
      System.out.printf(
          Locale.ROOT,
          "all-reduce %.2f GB/s, two-way copy %.2f GB/s, median ratio %.2f of %d pairs%n",
          median(ring),
          median(copy),
          median(ratios),
          pairs);
    }
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /** As many bytes out as in, whichever goes first. */
  private static void copy(
      Lines lines,
      Selector selector,
      SelectionKey readable,
      SelectionKey writable,
      ByteBuffer sent,
      ByteBuffer received)
      throws IOException {
    sent.clear();
    received.clear();
    while (sent.position() < sent.capacity() || received.position() < received.capacity()) {
      sent.limit(Math.min(sent.capacity(), sent.position() + PIECE));
      received.limit(Math.min(received.capacity(), received.position() + PIECE));
      if (lines.out.write(sent) + lines.in.read(received) == 0) {
        readable.interestOps(received.hasRemaining() ? SelectionKey.OP_READ : 0);
        writable.interestOps(sent.hasRemaining() ? SelectionKey.OP_WRITE : 0);
        selector.select();
        selector.selectedKeys().clear();
      }
    }
  }
}
