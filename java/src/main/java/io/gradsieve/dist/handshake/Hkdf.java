package io.gradsieve.dist.handshake;

import javax.crypto.Mac;

/** Keys from a secret (RFC 5869 with SHA-256): extract once, expand once per key. */
final class Hkdf {
  private Hkdf() {}

  /** The pseudorandom key of section 2.2; an empty salt is a key of zeros. */
  static byte[] extract(byte[] salt, byte[] secret) {
    return Hmac.of(salt.length == 0 ? new byte[Hmac.BYTES] : salt).doFinal(secret);
  }

  /** {@code length} bytes for {@code info}, section 2.3; at most 255·32. */
  static byte[] expand(byte[] key, byte[] info, int length) {
    if (length > 255 * Hmac.BYTES) {
      throw new IllegalArgumentException("more bytes than RFC 5869 allows: " + length);
    }
    Mac mac = Hmac.of(key);
    byte[] all = new byte[length];
    byte[] block = new byte[0];
    for (int i = 1, at = 0; at < length; i++, at += Hmac.BYTES) {
      mac.update(block);
      mac.update(info);
      mac.update((byte) i);
      block = mac.doFinal();
      System.arraycopy(block, 0, all, at, Math.min(Hmac.BYTES, length - at));
    }
    return all;
  }
}
