package io.gradsieve.dist.memory;

import io.gradsieve.dist.Collective;
import io.gradsieve.dist.ring.Ring;
import io.gradsieve.natives.NativeMemory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Rank 1 of two in a process of its own, which adds up again and again until rank 0 is gone. */
final class SecondWorker implements AutoCloseable {
  static final int FLOATS = 300_000;

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  final Process process;
  final Ring ring;

  private SecondWorker(Process process, Ring ring) {
    this.process = process;
    this.ring = ring;
  }

  /** The program of the process; every float of its is its number. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    // what takes time comes before the first one waits for this one
    SharedRegions regions = new SharedRegions();
    ByteBuffer own =
        NativeMemory.view(regions.allocate(Float.BYTES * FLOATS), Float.BYTES * FLOATS);
    InetSocketAddress first =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
    SocketChannel to = SocketChannel.open(first);
    SocketChannel from = SocketChannel.open(first);
    try (Collective both = HostMemory.open(new Ring(1, 2, from, to, PATIENCE), regions)) {
      while (true) {
        for (int i = 0; i < FLOATS; i++) {
          own.putFloat(Float.BYTES * i, i);
        }
        both.allReduce(List.of(own));
      }
    } catch (IOException e) {
      System.exit(0); // the first is gone
    }
  }

  /** Starts it and connects. */
  static SecondWorker start(Duration patience) throws IOException {
    try (ServerSocketChannel server =
        ServerSocketChannel.open()
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx64m",
                  "-cp",
                  System.getProperty("java.class.path"),
                  SecondWorker.class.getName(),
                  Integer.toString(port))
              .inheritIO()
              .start();
      server.socket().setSoTimeout((int) PATIENCE.toMillis());
      SocketChannel from = server.socket().accept().getChannel();
      SocketChannel to = server.socket().accept().getChannel();
      return new SecondWorker(process, new Ring(0, 2, from, to, patience));
    }
  }

  /** Sends it a signal by name. */
  void signal(String name) throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
    if (!kill.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) || kill.exitValue() != 0) {
      throw new IOException("no signal could be sent");
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
