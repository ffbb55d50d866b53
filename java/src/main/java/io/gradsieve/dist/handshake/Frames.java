package io.gradsieve.dist.handshake;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The four frames of a handshake, big-endian. Each begins with
 *
 * <pre>
 *   0        4         5      6        8
 *   | "GSDH" | version | kind | length | body, length bytes
 * </pre>
 *
 * <pre>
 * 1 HELLO       purpose, role int8, rank, target int32, generation int64,
 *               nonce [32], length of the job's id uint8, the job's id in ASCII
 * 2 CHALLENGE   nonce [32], proof of the server [32]
 * 3 PROOF       proof of the client [32]
 * 4 REFUSED     {@link Refusal}'s code int8
 * </pre>
 *
 * <p>Magic and version stay where they are in every version, so that an old peer learns what is
 * wrong.
 */
final class Frames {
  static final byte[] MAGIC = {'G', 'S', 'D', 'H'};
  static final byte VERSION = 1;
  static final int HEADER = 8;
  static final int NONCE = 32;

  /** Bytes of a frame before authentication: a hello with the longest job id has 314. */
  static final int MOST = 512;

  private static final int HELLO_FIXED = 1 + 1 + 4 + 4 + 8 + NONCE + 1;
  private static final int LONGEST_ID = 255;

  enum Kind {
    HELLO(HELLO_FIXED + 1, HELLO_FIXED + LONGEST_ID),
    CHALLENGE(NONCE + Hmac.BYTES, NONCE + Hmac.BYTES),
    PROOF(Hmac.BYTES, Hmac.BYTES),
    REFUSED(1, 1);

    /** Bytes of the body. */
    private final int least;

    private final int most;

    Kind(int least, int most) {
      this.least = least;
      this.most = most;
    }

    static Kind of(int code) throws Refused {
      if (code < 1 || code > values().length) {
        throw new Refused(Refusal.MALFORMED);
      }
      return values()[code - 1];
    }

    void checkLength(int length) throws Refused {
      if (length < least || length > most) {
        throw new Refused(length > MOST - HEADER ? Refusal.TOO_LONG : Refusal.MALFORMED);
      }
    }
  }

  /** One that arrived whole, header included. */
  record Frame(Kind kind, byte[] bytes) {
    ByteBuffer body() {
      return ByteBuffer.wrap(bytes, HEADER, bytes.length - HEADER);
    }

    /** A field of the body. */
    byte[] part(int from, int length) {
      return Arrays.copyOfRange(bytes, HEADER + from, HEADER + from + length);
    }

    /** All but the proof, which is last: what that proof is of. */
    byte[] beforeProof() {
      return Arrays.copyOf(bytes, bytes.length - Hmac.BYTES);
    }

    byte[] proof() {
      return Arrays.copyOfRange(bytes, bytes.length - Hmac.BYTES, bytes.length);
    }
  }

  private Frames() {}

  static byte[] header(Kind kind, int length) {
    return ByteBuffer.allocate(HEADER)
        .put(MAGIC)
        .put(VERSION)
        .put((byte) (kind.ordinal() + 1))
        .putShort((short) length)
        .array();
  }

  static byte[] hello(Introduction who, byte[] nonce) {
    byte[] id = who.jobId().getBytes(StandardCharsets.US_ASCII);
    int length = HELLO_FIXED + id.length;
    return ByteBuffer.allocate(HEADER + length)
        .put(header(Kind.HELLO, length))
        .put((byte) (who.purpose().ordinal() + 1))
        .put((byte) (who.role().ordinal() + 1))
        .putInt(who.rank())
        .putInt(who.target())
        .putLong(who.generation())
        .put(nonce)
        .put((byte) id.length)
        .put(id)
        .array();
  }

  static Introduction introduction(Frame hello) throws Refused {
    ByteBuffer body = hello.body();
    Purpose purpose = constant(Purpose.values(), body.get());
    Role role = constant(Role.values(), body.get());
    int rank = body.getInt();
    int target = body.getInt();
    long generation = body.getLong();
    body.position(body.position() + NONCE);
    int length = Byte.toUnsignedInt(body.get());
    byte[] id = new byte[body.remaining()];
    body.get(id);
    String jobId = new String(id, StandardCharsets.ISO_8859_1);
    if (length != id.length || !Introduction.isJobId(jobId)) {
      throw new Refused(Refusal.MALFORMED);
    }
    if (rank < Introduction.NONE || target < Introduction.NONE || generation < 0) {
      throw new Refused(Refusal.MALFORMED);
    }
    return new Introduction(jobId, purpose, role, rank, target, generation);
  }

  static byte[] helloNonce(Frame hello) {
    return hello.part(HELLO_FIXED - 1 - NONCE, NONCE);
  }

  static byte[] challengeNonce(Frame challenge) {
    return challenge.part(0, NONCE);
  }

  static byte[] refused(Refusal refusal) {
    return joined(header(Kind.REFUSED, 1), new byte[] {(byte) refusal.code()});
  }

  static Refusal refusal(Frame refused) throws Refused {
    return Refusal.of(refused.body().get()).orElseThrow(() -> new Refused(Refusal.MALFORMED));
  }

  static byte[] joined(byte[] a, byte[] b) {
    return ByteBuffer.allocate(a.length + b.length).put(a).put(b).array();
  }

  private static <T> T constant(T[] all, int code) throws Refused {
    if (code < 1 || code > all.length) {
      throw new Refused(Refusal.MALFORMED);
    }
    return all[code - 1];
  }
}
