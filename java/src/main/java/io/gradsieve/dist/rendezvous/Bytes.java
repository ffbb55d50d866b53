package io.gradsieve.dist.rendezvous;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * Bytes that nobody changes: copied when they come in and when they go out, so that a stored value
 * never pins the frame it came in.
 */
public final class Bytes {
  private static final int SHOWN = 8; // bytes of a hash are enough to tell two apart

  private final byte[] content;

  private Bytes(byte[] content) {
    this.content = content;
  }

  /** A copy of these bytes. */
  public static Bytes of(byte... content) {
    return new Bytes(content.clone());
  }

  /** How many. */
  public int size() {
    return content.length;
  }

  /** A copy. */
  public byte[] toArray() {
    return content.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bytes bytes && Arrays.equals(content, bytes.content);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(content);
  }

  /** The first 8 bytes in hexadecimal digits. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(content, 0, Math.min(SHOWN, content.length));
  }
}
