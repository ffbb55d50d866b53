package io.gradsieve.dist.ring;

import io.gradsieve.dist.handshake.ClientHandshake;
import io.gradsieve.dist.handshake.FrameSeal;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Refusal;
import io.gradsieve.dist.handshake.Token;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * One attempt to reach a neighbour at one address: connect, shake hands, be greeted. Then it waits
 * to be chosen.
 */
final class Visit {
  /** From the first packet to the greeting; the other side has the same for the handshake. */
  private static final long DEADLINE = TimeUnit.SECONDS.toNanos(5);

  private static final int INPUT = 512;

  private final Introduction me;
  private final Token token;
  private final byte[] nonce;
  private final long begun;
  private final Wire wire;
  private final ByteBuffer greetingBytes = ByteBuffer.allocate(Greeting.BYTES + FrameSeal.BYTES);
  private Optional<ClientHandshake> handshake = Optional.empty();
  private Optional<FrameSeal> seal = Optional.empty();
  private Optional<Greeting> greeting = Optional.empty();
  private Optional<String> failure = Optional.empty();
  private boolean over;
  private boolean chosen;

  /**
   * Begins.
   *
   * @param nonce 32 bytes, never used before
   * @param now as {@link System#nanoTime}
   */
  Visit(Selector selector, SocketAddress to, Introduction me, Token token, byte[] nonce, long now)
      throws IOException {
    this.me = me;
    this.token = token;
    this.nonce = nonce;
    begun = now;
    SocketChannel channel =
        to instanceof InetSocketAddress
            ? SocketChannel.open()
            : SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      wire = new Wire(channel, selector, SelectionKey.OP_CONNECT);
    } catch (IOException e) {
      Lobby.close(channel);
      throw e;
    }
    wire.attach(this);
    attempt(
        () -> {
          if (wire.connect(to)) {
            sayHello(now);
          }
        });
  }

  private interface Action {
    void run() throws IOException;
  }

  /** Whatever goes wrong ends this visit. */
  private void attempt(Action action) {
    try {
      action.run();
    } catch (ConnectException e) {
      boolean refused = String.valueOf(e.getMessage()).contains("refused");
      fail(refused ? "refuses connections" : "can't be connected to: " + e.getMessage());
    } catch (NoRouteToHostException e) {
      fail("has no route to it");
    } catch (IOException e) {
      fail(handshake.isEmpty() ? "can't be connected to: " + e.getMessage() : closed());
    }
  }

  private static String closed() {
    return Refusal.CLOSED.text();
  }

  /** Its channel is ready. */
  void ready(long now) {
    if (failure.isEmpty()) {
      attempt(() -> step(now));
    }
  }

  private void step(long now) throws IOException {
    if (handshake.isEmpty()) {
      if (wire.finishConnect()) {
        sayHello(now);
      }
      return;
    }
    wire.flush();
    if (seal.isEmpty()) {
      shakeHands(now);
    } else if (greeting.isEmpty()) {
      readGreeting();
    } else if (wire.read(ByteBuffer.allocate(1)) != 0) {
      fail(closed()); // while another visit was waited for
    }
  }

  private void sayHello(long now) throws IOException {
    handshake = Optional.of(new ClientHandshake(me, token, nonce, now));
    wire.send(handshake.get().output());
  }

  private void shakeHands(long now) throws IOException {
    ClientHandshake hands = handshake.orElseThrow();
    ByteBuffer input = ByteBuffer.allocate(INPUT);
    boolean end = wire.read(input) < 0;
    Outcome outcome = end ? hands.closed() : hands.receive(input.flip(), now);
    wire.send(hands.output());
    if (outcome instanceof Outcome.Failed failed) {
      boolean early = failed.refusal() == Refusal.OTHER_MEMBER;
      fail(early ? "has another rank or none yet" : failed.refusal().text());
    } else if (outcome instanceof Outcome.Done done) {
      seal = Optional.of(done.seal());
      if (input.hasRemaining()) {
        fail(Refusal.MALFORMED.text());
      }
    }
  }

  private void readGreeting() throws IOException {
    if (wire.read(greetingBytes) < 0) {
      fail(closed());
    } else if (!greetingBytes.hasRemaining()) {
      seal.orElseThrow()
          .open(greetingBytes.flip())
          .map(Greeting::of)
          .ifPresentOrElse(this::greeted, () -> fail(Refusal.BAD_SEAL.text()));
    }
  }

  private void greeted(Greeting by) {
    if (by.generation() == me.generation()) {
      greeting = Optional.of(by);
    } else if (by.generation() == Lobby.NOT_AWAITED) {
      fail("does not wait for this worker in generation " + me.generation());
    } else {
      over = by.generation() > me.generation();
      fail("is in generation %d, not %d".formatted(by.generation(), me.generation()));
    }
  }

  /** What the time makes of it. */
  void expire(long now) {
    if (greeting.isEmpty() && failure.isEmpty() && now - begun >= DEADLINE) {
      fail(
          handshake.isEmpty()
              ? "does not answer"
              : "took the connection but did not answer: it may be stopped or another program");
    }
  }

  private void fail(String why) {
    failure = Optional.of(why);
    wire.close();
  }

  /** Why it failed: what the neighbour's address does. */
  Optional<String> failure() {
    return failure;
  }

  /** Whether it failed because the neighbour is in a later generation. */
  boolean isOver() {
    return over;
  }

  boolean isGreeted() {
    return greeting.isPresent() && failure.isEmpty();
  }

  /** Where the neighbour listens besides, if it is on this host; asked of who is greeted. */
  Optional<String> path() throws IOException {
    return wire.isLocal() ? greeting.flatMap(Greeting::path) : Optional.empty();
  }

  /** Tells the neighbour that this is the connection; empty if it has gone. */
  Optional<SocketChannel> choose() {
    attempt(() -> wire.send(seal.orElseThrow().seal(Greeting.choice(me.generation()))));
    // so few bytes find room behind so few
    chosen = failure.isEmpty();
    return chosen ? Optional.of(wire.release()) : Optional.empty();
  }

  /** Unless it was chosen. */
  void close() {
    if (!chosen) {
      wire.close();
    }
  }
}
