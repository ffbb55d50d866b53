package io.gradsieve.dist.ring;

import io.gradsieve.dist.Compression;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Rings whose workers are all in this process. */
public final class Rings {
  private Rings() {}

  /** Opens a server for one connection. */
  private interface Door {
    ServerSocketChannel open(int rank) throws IOException;
  }

  /** Over the loopback interface. */
  public static List<Ring> tcp(int world, Duration patience) throws IOException {
    return tcp(world, patience, Compression.NONE);
  }

  static List<Ring> tcp(int world, Duration patience, Compression compression) throws IOException {
    return open(
        world,
        patience,
        compression,
        rank ->
            ServerSocketChannel.open()
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
  }

  /** Rank 0 of three, to whom nothing ever comes. */
  static Ring waiting(Duration patience, Waiting waiting) throws IOException {
    try (ServerSocketChannel server =
        ServerSocketChannel.open()
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      SocketChannel previous = SocketChannel.open(server.getLocalAddress());
      SocketChannel next = SocketChannel.open(server.getLocalAddress());
      server.accept();
      server.accept();
      return new Ring(0, 3, previous, next, patience, waiting, Compression.NONE);
    }
  }

  /** Over sockets of a directory. */
  static List<Ring> unix(int world, Duration patience, Path directory) throws IOException {
    return open(
        world,
        patience,
        Compression.NONE,
        rank ->
            ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(directory.resolve("ring-" + rank))));
  }

  private static List<Ring> open(int world, Duration patience, Compression compression, Door door)
      throws IOException {
    SocketChannel[] from = new SocketChannel[world];
    SocketChannel[] to = new SocketChannel[world];
    for (int rank = 0; rank < world; rank++) {
      try (ServerSocketChannel server = door.open(rank)) {
        to[rank] = SocketChannel.open(server.getLocalAddress());
        from[(rank + 1) % world] = server.accept();
      }
    }
    List<Ring> rings = new ArrayList<>();
    for (int rank = 0; rank < world; rank++) {
      rings.add(
          new Ring(rank, world, from[rank], to[rank], patience, (who, silence) -> {}, compression));
    }
    return rings;
  }
}
