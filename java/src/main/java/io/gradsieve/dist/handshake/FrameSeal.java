package io.gradsieve.dist.handshake;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import javax.crypto.Mac;

/**
 * Seals the control frames of one connection, and checks those of the other side:
 *
 * <pre>
 *   before              after
 *   | frame, n bytes |  | frame, n bytes | HMAC(key of the direction, counter int64 ‖ frame) [32] |
 * </pre>
 *
 * <p>Each direction counts its frames from 0, and the counter is not sent: a frame that is changed,
 * repeated, left out, out of order or sent back fails, and after one that failed all do. The keys
 * are HKDF's of the token over both nonces. Frames can be read by who listens; they are not secret.
 * One thread may seal while another opens.
 */
public final class FrameSeal {
  /** Bytes behind a frame. */
  public static final int BYTES = Hmac.BYTES;

  private static final String FROM_CLIENT = "gradsieve control client to server";
  private static final String FROM_SERVER = "gradsieve control server to client";

  private final Direction sent;
  private final Direction received;
  private boolean broken;

  private static final class Direction {
    private final Mac mac;
    private long counter;

    Direction(byte[] key) {
      mac = Hmac.of(key);
    }

    byte[] next(ByteBuffer frame) {
      mac.update(ByteBuffer.allocate(Long.BYTES).putLong(counter++).flip());
      mac.update(frame);
      return mac.doFinal();
    }
  }

  private FrameSeal(byte[] sent, byte[] received) {
    this.sent = new Direction(sent);
    this.received = new Direction(received);
  }

  static FrameSeal ofClient(Token token, byte[] clientNonce, byte[] serverNonce) {
    byte[] key = token.extract(Frames.joined(clientNonce, serverNonce));
    return new FrameSeal(expand(key, FROM_CLIENT), expand(key, FROM_SERVER));
  }

  static FrameSeal ofServer(Token token, byte[] clientNonce, byte[] serverNonce) {
    byte[] key = token.extract(Frames.joined(clientNonce, serverNonce));
    return new FrameSeal(expand(key, FROM_SERVER), expand(key, FROM_CLIENT));
  }

  private static byte[] expand(byte[] key, String info) {
    return Hkdf.expand(key, info.getBytes(StandardCharsets.US_ASCII), Hmac.BYTES);
  }

  /** The frame, all of the buffer's remaining bytes, with its seal; send in this order. */
  public ByteBuffer seal(ByteBuffer frame) {
    ByteBuffer sealed = ByteBuffer.allocate(frame.remaining() + BYTES);
    sealed.put(frame.duplicate());
    return sealed.put(sealOf(frame)).flip();
  }

  /** The seal alone, for a frame whose bytes many connections share; send it behind them. */
  public byte[] sealOf(ByteBuffer frame) {
    return sent.next(frame);
  }

  /** The frame without its seal; empty if the seal is wrong: {@link Refusal#BAD_SEAL}, close. */
  public Optional<ByteBuffer> open(ByteBuffer sealed) {
    int length = sealed.remaining() - BYTES;
    if (broken || length < 0) {
      broken = true;
      return Optional.empty();
    }
    ByteBuffer frame = sealed.slice(sealed.position(), length).asReadOnlyBuffer();
    byte[] seal = new byte[BYTES];
    sealed.position(sealed.position() + length).get(seal);
    broken = !MessageDigest.isEqual(received.next(frame.duplicate()), seal);
    return broken ? Optional.empty() : Optional.of(frame);
  }
}
