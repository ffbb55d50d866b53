package io.gradsieve.bench.dist;

import com.sun.management.OperatingSystemMXBean;
import io.gradsieve.dist.handshake.ClientHandshake;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Purpose;
import io.gradsieve.dist.handshake.Role;
import io.gradsieve.dist.handshake.Token;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Strangers that connect to the listeners of a job, so many a second, each attempt in its turn:
 * {@code Flood RATE JOB TOKEN_FILE CONTROL_PORT RING_PORT…}. A line {@code on} begins, {@code off}
 * ends and is answered with the connections so far, how many were not hung up on in time, and the
 * seconds of CPU. The token only serves to record a member's handshakes at the beginning.
 */
final class Flood {
  static final int ADDRESSES = 16;

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  /** A stranger's time is 5 s; a busy server is a little later. */
  private static final long LONGEST = 7 * SECOND;

  private final long every;
  private final List<Stranger.Target> targets;
  private final Selector selector = Selector.open();
  private final Set<Stranger> open = new HashSet<>();
  private volatile boolean on;
  private long connections;
  private long tolerated;

  private Flood(int rate, List<Stranger.Target> targets) throws IOException {
    every = SECOND / rate;
    this.targets = targets;
  }

  public static void main(String[] arguments) throws IOException {
    Token token = Token.read(Path.of(arguments[2]));
    List<Stranger.Target> targets = new ArrayList<>();
    for (int i = 3; i < arguments.length; i++) {
      int none = Introduction.NONE;
      Introduction member =
          i == 3
              ? new Introduction(arguments[1], Purpose.CONTROL, Role.WORKER, none, none, 0)
              : Introduction.probe(arguments[1]);
      targets.add(record(Integer.parseInt(arguments[i]), member, token));
    }
    Flood flood = new Flood(Integer.parseInt(arguments[0]), targets);
    Thread thread = new Thread(flood::run, "flood");
    thread.setDaemon(true);
    thread.start();
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String order = orders.readLine(); order != null; order = orders.readLine()) {
      flood.on = order.equals("on");
      flood.selector.wakeup();
      if (!flood.on) {
        System.out.println(flood.account());
      }
    }
  }

  /** What a member sends, once heard. */
  private static Stranger.Target record(int port, Introduction member, Token token)
      throws IOException {
    byte[] nonce = new byte[32];
    new SecureRandom().nextBytes(nonce);
    ClientHandshake hands = new ClientHandshake(member, token, nonce, System.nanoTime());
    byte[] hello = bytes(hands.output());
    InetSocketAddress address = new InetSocketAddress(TwoNamespaces.JOB, port);
    try (Socket socket = new Socket(address.getAddress(), port)) {
      ByteArrayOutputStream recorded = new ByteArrayOutputStream();
      recorded.writeBytes(hello);
      socket.getOutputStream().write(hello);
      byte[] challenge = socket.getInputStream().readNBytes(Stranger.CHALLENGE);
      if (!(hands.receive(ByteBuffer.wrap(challenge), System.nanoTime()) instanceof Outcome.Done)) {
        throw new IOException("no member is let in at " + address);
      }
      byte[] proof = bytes(hands.output());
      socket.getOutputStream().write(proof);
      recorded.writeBytes(proof);
      return new Stranger.Target(address, hello, recorded.toByteArray());
    }
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  private synchronized String account() {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return String.format(
        Locale.ROOT, "%d %d %.3f", connections, tolerated, system.getProcessCpuTime() * 1e-9);
  }

  private void run() {
    try {
      long next = System.nanoTime();
      long tick = next + SECOND;
      while (true) {
        selector.select(on ? Math.max(1, (next - System.nanoTime()) / 1_000_000) : 1_000);
        long now = System.nanoTime();
        advance();
        next = on ? begin(next, now) : now;
        if (now >= tick) {
          tick = now + SECOND;
          tick(now);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void advance() throws IOException {
    for (SelectionKey key : selector.selectedKeys()) {
      Stranger stranger = (Stranger) key.attachment();
      boolean over;
      try {
        over = !key.isValid() || stranger.ready();
      } catch (IOException e) {
        over = true; // hung up on
      }
      if (over) {
        end(stranger);
      }
    }
    selector.selectedKeys().clear();
  }

  /** As many as are due; when the next is. */
  private synchronized long begin(long due, long now) throws IOException {
    long next = due;
    for (; next <= now; next += every) {
      int number = (int) connections++;
      Stranger.Attempt[] attempts = Stranger.Attempt.values();
      InetSocketAddress from = new InetSocketAddress(TwoNamespaces.stranger(number % ADDRESSES), 0);
      open.add(
          new Stranger(
              selector,
              attempts[number / targets.size() % attempts.length],
              targets.get(number % targets.size()),
              from,
              now));
    }
    return next;
  }

  private synchronized void tick(long now) throws IOException {
    for (Stranger stranger : open.toArray(Stranger[]::new)) {
      if (now - stranger.begun() > LONGEST) {
        tolerated++;
        end(stranger);
        continue;
      }
      try {
        stranger.tick();
      } catch (IOException e) {
        end(stranger); // hung up on
      }
    }
  }

  private void end(Stranger stranger) throws IOException {
    open.remove(stranger);
    stranger.close();
  }
}
