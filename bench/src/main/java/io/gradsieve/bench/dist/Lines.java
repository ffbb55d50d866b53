package io.gradsieve.bench.dist;

import io.gradsieve.dist.Compression;
import io.gradsieve.dist.ring.Ring;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The connections of two processes on this machine: three each way, over TCP and over Unix sockets.
 */
final class Lines implements AutoCloseable {
  private static final int EACH = 6;

  private final int rank;

  /** To rank 1, from it, and so on, as rank 0 sees them. */
  private final List<SocketChannel> tcp;

  private final List<SocketChannel> unix;
  private final Optional<Process> other;

  /** Of the next ring or copy, by kind. */
  private int usedTcp;

  private int usedUnix;

  private Lines(
      int rank, List<SocketChannel> tcp, List<SocketChannel> unix, Optional<Process> other) {
    this.rank = rank;
    this.tcp = tcp;
    this.unix = unix;
    this.other = other;
  }

  /**
   * In the first process starts the second, in the second connects to the first.
   *
   * @param first where the first one listens; empty in the first
   * @param arguments for the second one's main class, to which where to connect is added
   */
  static Lines open(String first, String[] arguments) throws IOException {
    if (!first.isEmpty()) {
      String[] address = first.split(":", 2);
      SocketAddress port =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(address[0]));
      List<SocketChannel> tcp = new ArrayList<>();
      List<SocketChannel> unix = new ArrayList<>();
      for (int i = 0; i < EACH; i++) {
        tcp.add(SocketChannel.open(port));
        unix.add(SocketChannel.open(UnixDomainSocketAddress.of(address[1])));
      }
      return new Lines(1, tcp, unix, Optional.empty());
    }
    Path directory = Files.createTempDirectory("lines");
    Path socket = directory.resolve("s");
    try (ServerSocketChannel overTcp =
            ServerSocketChannel.open()
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        ServerSocketChannel overUnix =
            ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(socket))) {
      int port = ((InetSocketAddress) overTcp.getLocalAddress()).getPort();
      Process other = start(port + ":" + socket, arguments);
      List<SocketChannel> tcp = new ArrayList<>();
      List<SocketChannel> unix = new ArrayList<>();
      for (int i = 0; i < EACH; i++) {
        tcp.add(overTcp.accept());
        unix.add(overUnix.accept());
      }
      return new Lines(0, tcp, unix, Optional.of(other));
    } finally {
      Files.deleteIfExists(socket);
      Files.delete(directory);
    }
  }

  private static Process start(String address, String[] arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(AllReduce.class.getName());
    command.addAll(List.of(arguments));
    command.add(address);
    return new ProcessBuilder(command)
        .redirectOutput(ProcessBuilder.Redirect.INHERIT)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** The next two connections of a kind: to the other, and from it. */
  private SocketChannel[] next(boolean overTcp) {
    int used = overTcp ? usedTcp : usedUnix;
    if (overTcp) {
      usedTcp += 2;
    } else {
      usedUnix += 2;
    }
    List<SocketChannel> all = overTcp ? tcp : unix;
    return new SocketChannel[] {all.get(used + rank), all.get(used + 1 - rank)};
  }

  /** Over the next two connections. */
  Ring ring(boolean overTcp, Duration patience, Compression compression) throws IOException {
    SocketChannel[] two = next(overTcp);
    return new Ring(rank, 2, two[1], two[0], patience, (who, silence) -> {}, compression);
  }

  /** As many bytes both ways at once, over the next two. */
  TwoWayCopy copy(boolean overTcp, int bytes) throws IOException {
    SocketChannel[] two = next(overTcp);
    return new TwoWayCopy(two[0], two[1], bytes);
  }

  /** Waits for the second process, which must have ended its part. */
  @Override
  public void close() throws IOException, InterruptedException {
    for (SocketChannel channel : tcp) {
      channel.close();
    }
    for (SocketChannel channel : unix) {
      channel.close();
    }
    if (other.isPresent() && !other.get().waitFor(10, TimeUnit.SECONDS)) {
      other.get().destroyForcibly();
    }
  }
}
