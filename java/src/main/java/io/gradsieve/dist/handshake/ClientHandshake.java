package io.gradsieve.dist.handshake;

import io.gradsieve.dist.handshake.Frames.Frame;
import io.gradsieve.dist.handshake.Frames.Kind;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The side that connected; {@link ServerHandshake} has the drawing. Done once the server has proved
 * itself: sealed frames may follow the proof at once. Not for several threads.
 */
public final class ClientHandshake implements Handshake {
  private final Introduction me;
  private final Token token;
  private final byte[] nonce;
  private final Exchange exchange;
  private final Transcript transcript;

  /**
   * Of a connection just made; the hello is in the output.
   *
   * @param nonce 32 bytes from a secure generator, never used before
   * @param connectedNanos when, on a clock as {@link System#nanoTime}
   */
  public ClientHandshake(Introduction me, Token token, byte[] nonce, long connectedNanos) {
    this.me = me;
    this.token = token;
    this.nonce = Exchange.nonce(nonce);
    this.exchange = new Exchange(connectedNanos);
    this.transcript = new Transcript(token);
    byte[] hello = Frames.hello(me, nonce);
    transcript.add(hello);
    exchange.send(hello);
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

  private Optional<Outcome.Done> take(Frame frame) throws Refused {
    if (frame.kind() != Kind.CHALLENGE) {
      throw new Refused(Refusal.MALFORMED);
    }
    transcript.check(Transcript.SERVER, frame);
    byte[] start = Frames.header(Kind.PROOF, Hmac.BYTES);
    transcript.add(start);
    exchange.sendLast(Frames.joined(start, transcript.addProof(Transcript.CLIENT)));
    FrameSeal seal = FrameSeal.ofClient(token, nonce, Frames.challengeNonce(frame));
    return Optional.of(new Outcome.Done(me, seal));
  }
}
