package io.gradsieve.dist;

import java.nio.ByteBuffer;

/**
 * A fuzzer's input, read as what a test does step by step: numbers, and pieces that say their own
 * length, so that the fuzzer chooses where bytes are split.
 */
public final class FuzzInput {
  private final ByteBuffer bytes;

  /** From its beginning. */
  public FuzzInput(byte[] bytes) {
    this.bytes = ByteBuffer.wrap(bytes);
  }

  /** Whether anything is left. */
  public boolean hasMore() {
    return bytes.hasRemaining();
  }

  /** The next byte as 0 to {@code choices - 1}; 0 at the end. */
  public int choice(int choices) {
    return hasMore() ? Byte.toUnsignedInt(bytes.get()) % choices : 0;
  }

  /** The next eight bytes, big-endian, fewer at the end. */
  public long number() {
    return ByteBuffer.allocate(Long.BYTES).put(take(Long.BYTES)).getLong(0);
  }

  /** So many bytes as the next two say, or all that are left. */
  public byte[] piece() {
    return take(choice(256) << 8 | choice(256));
  }

  /** All that is left. */
  public byte[] rest() {
    return take(bytes.remaining());
  }

  private byte[] take(int length) {
    byte[] taken = new byte[Math.min(length, bytes.remaining())];
    bytes.get(taken);
    return taken;
  }
}
