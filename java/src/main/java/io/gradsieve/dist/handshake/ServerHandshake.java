package io.gradsieve.dist.handshake;

import io.gradsieve.dist.handshake.Frames.Frame;
import io.gradsieve.dist.handshake.Frames.Kind;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The side that accepted. K is the token, T every byte before the proof:
 *
 * <pre>
 *   client                                            server
 *     | HELLO: who I am, whom I mean, nonce             |
 *     | ----------------------------------------------> |
 *     |        CHALLENGE: nonce, HMAC(K, "server" ‖ T)  |
 *     | &lt;---------------------------------------------- |
 *     | PROOF: HMAC(K, "client" ‖ T)                    |
 *     | ----------------------------------------------> |
 *     | sealed frames both ways                         |
 * </pre>
 *
 * <p>Two labels, so that a proof sent back proves nothing; two fresh nonces, so that an old one
 * doesn't either. The server proves first: a client tells nothing of the token to who doesn't have
 * it. Not for several threads.
 */
public final class ServerHandshake implements Handshake {
  private final Member me;
  private final Token token;
  private final byte[] nonce;
  private final Exchange exchange;
  private final Transcript transcript;
  private Optional<Hello> hello = Optional.empty();

  /**
   * Whom a client must mean.
   *
   * @param rank the server's, {@link Introduction#NONE} for the rendezvous server
   */
  public record Member(String jobId, Purpose purpose, int rank) {}

  private record Hello(Introduction who, byte[] nonce) {}

  /**
   * Of a connection just accepted.
   *
   * @param nonce 32 bytes from a secure generator, never used before
   * @param acceptedNanos when, on a clock as {@link System#nanoTime}
   */
  public ServerHandshake(Member me, Token token, byte[] nonce, long acceptedNanos) {
    this.me = me;
    this.token = token;
    this.nonce = Exchange.nonce(nonce);
    this.exchange = new Exchange(acceptedNanos);
    this.transcript = new Transcript(token);
  }

  @Override
  public Outcome receive(ByteBuffer input, long nowNanos) {
    return exchange.receive(input, nowNanos, this::take);
  }

  @Override
  public Outcome expire(long nowNanos) {
    return exchange.expire(nowNanos);
  }

  @Override
  public Outcome closed() {
    return exchange.closed();
  }

  @Override
  public ByteBuffer output() {
    return exchange.output();
  }

  /** What to send before closing a connection that gets no handshake; may be empty. */
  public static ByteBuffer refusal(Refusal refusal) {
    return ByteBuffer.wrap(refusal.isTold() ? Frames.refused(refusal) : new byte[0]);
  }

  private Optional<Outcome.Done> take(Frame frame) throws Refused {
    Kind expected = hello.isEmpty() ? Kind.HELLO : Kind.PROOF;
    if (frame.kind() != expected) {
      throw new Refused(Refusal.MALFORMED);
    }
    if (hello.isEmpty()) {
      challenge(frame);
      return Optional.empty();
    }
    transcript.check(Transcript.CLIENT, frame);
    FrameSeal seal = FrameSeal.ofServer(token, hello.get().nonce(), nonce);
    return Optional.of(new Outcome.Done(hello.get().who(), seal));
  }

  private void challenge(Frame frame) throws Refused {
    Introduction who = Frames.introduction(frame);
    if (!who.jobId().equals(me.jobId())) {
      throw new Refused(Refusal.OTHER_JOB);
    }
    if (who.purpose() != me.purpose()) {
      throw new Refused(Refusal.OTHER_PURPOSE);
    }
    if (who.target() != me.rank()) {
      throw new Refused(Refusal.OTHER_MEMBER);
    }
    hello = Optional.of(new Hello(who, Frames.helloNonce(frame)));
    byte[] start = Frames.joined(Frames.header(Kind.CHALLENGE, Frames.NONCE + Hmac.BYTES), nonce);
    transcript.add(frame.bytes());
    transcript.add(start);
    exchange.sendLast(Frames.joined(start, transcript.addProof(Transcript.SERVER)));
  }
}
