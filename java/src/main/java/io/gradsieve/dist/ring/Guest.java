package io.gradsieve.dist.ring;

import io.gradsieve.dist.handshake.FrameSeal;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Refusal;
import io.gradsieve.dist.handshake.ServerHandshake;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A connection that was accepted, up to where it is the ring's: handshake, greeting, the client's
 * choice. What it holds is of fixed size, less than 2 KiB.
 */
final class Guest {
  /** From accept on, for all of it; the same as for the handshake alone. */
  private static final long DEADLINE = TimeUnit.SECONDS.toNanos(5);

  private static final int INPUT = 512;

  private final Wire wire;
  private final ServerHandshake handshake;
  private final Lobby lobby;
  private final Optional<String> path;
  private final long accepted;
  private Optional<Outcome.Done> known = Optional.empty();
  private Optional<Refusal> refusal = Optional.empty();
  private final ByteBuffer choice = ByteBuffer.allocate(Greeting.CHOICE_BYTES + FrameSeal.BYTES);

  /** How it goes on. */
  enum Fate {
    STAYS,
    /** To be closed. */
    LEAVES,
    /** To be released to the lobby. */
    IS_CHOSEN
  }

  /** Nothing more is read; it leaves when all is sent. */
  private boolean leaving;

  /**
   * A connection.
   *
   * @param path of the Unix socket beside, for who is on this host
   * @param accepted when, as {@link System#nanoTime}
   */
  Guest(Wire wire, ServerHandshake handshake, Lobby lobby, Optional<String> path, long accepted) {
    this.wire = wire;
    this.handshake = handshake;
    this.lobby = lobby;
    this.path = path;
    this.accepted = accepted;
  }

  Wire wire() {
    return wire;
  }

  /** What was wrong with it, once it leaves. */
  Optional<Refusal> refusal() {
    return refusal;
  }

  /** After the handshake. */
  Introduction who() {
    return known.orElseThrow().client();
  }

  /** Bytes have come or can be sent. */
  Fate ready(long now) throws IOException {
    boolean sent = wire.flush();
    if (leaving) {
      return sent ? Fate.LEAVES : Fate.STAYS;
    }
    return known.isEmpty() ? shakeHands(now) : readChoice();
  }

  private Fate shakeHands(long now) throws IOException {
    ByteBuffer input = ByteBuffer.allocate(INPUT);
    boolean end = wire.read(input) < 0;
    Outcome outcome = end ? handshake.closed() : handshake.receive(input.flip(), now);
    wire.send(handshake.output());
    if (outcome instanceof Outcome.Failed failed) {
      return refuse(failed.refusal());
    }
    if (outcome instanceof Outcome.Done done) {
      known = Optional.of(done);
      // it has to wait for the greeting
      return input.hasRemaining() ? refuse(Refusal.MALFORMED) : greet(done);
    }
    return Fate.STAYS;
  }

  private Fate greet(Outcome.Done done) throws IOException {
    if (done.client().isProbe()) {
      return leave(); // it has seen that this is the job's
    }
    long generation = lobby.greeting(done.client());
    Optional<String> told = wire.isLocal() ? path : Optional.empty();
    wire.send(done.seal().seal(new Greeting(generation, told).bytes()));
    return generation == done.client().generation() ? Fate.STAYS : leave();
  }

  private Fate readChoice() throws IOException {
    if (wire.read(choice) < 0) {
      return Fate.LEAVES; // it took another of its connections
    }
    if (choice.hasRemaining()) {
      return Fate.STAYS;
    }
    Optional<ByteBuffer> opened = known.orElseThrow().seal().open(choice.flip());
    if (opened.isEmpty()) {
      return refuse(Refusal.BAD_SEAL);
    }
    return opened.get().getLong() == who().generation()
        ? Fate.IS_CHOSEN
        : refuse(Refusal.MALFORMED);
  }

  private Fate refuse(Refusal why) throws IOException {
    refusal = Optional.of(why);
    return leave();
  }

  private Fate leave() throws IOException {
    leaving = true;
    wire.stopReading();
    return wire.flush() ? Fate.LEAVES : Fate.STAYS;
  }

  /** What the time makes of it. */
  Fate expire(long now) throws IOException {
    if (now - accepted < DEADLINE) {
      return Fate.STAYS;
    }
    if (known.isEmpty() && refusal.isEmpty() && handshake.expire(now) instanceof Outcome.Failed f) {
      refusal = Optional.of(f.refusal());
      wire.send(handshake.output());
    }
    return Fate.LEAVES;
  }

  /** The connection, for the ring. */
  SocketChannel release() {
    return wire.release();
  }
}
