package io.gradsieve.dist.handshake;

import io.gradsieve.dist.handshake.Frames.Frame;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import javax.crypto.Mac;

/**
 * Every byte of a handshake so far, in parts, and proofs of it: HMAC(token, label ‖ parts), each
 * with its length as int32 before it, so that no two lists of parts read the same.
 */
final class Transcript {
  static final String SERVER = "server";
  static final String CLIENT = "client";

  private final Token token;
  private final List<byte[]> parts = new ArrayList<>();

  Transcript(Token token) {
    this.token = token;
  }

  void add(byte[] part) {
    parts.add(part);
  }

  /** A proof of all parts, then a part itself. */
  byte[] addProof(String label) {
    byte[] proof = proof(label);
    parts.add(proof);
    return proof;
  }

  /** Takes a frame that ends in a proof of all before it. */
  void check(String label, Frame frame) throws Refused {
    parts.add(frame.beforeProof());
    byte[] expected = addProof(label);
    if (!MessageDigest.isEqual(expected, frame.proof())) {
      throw new Refused(Refusal.WRONG_TOKEN);
    }
  }

  private byte[] proof(String label) {
    Mac mac = token.mac();
    update(mac, label.getBytes(StandardCharsets.US_ASCII));
    for (byte[] part : parts) {
      update(mac, part);
    }
    return mac.doFinal();
  }

  private static void update(Mac mac, byte[] part) {
    mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).flip());
    mac.update(part);
  }
}
