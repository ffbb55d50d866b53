package io.gradsieve.format.npy;

import io.gradsieve.format.ByteSource;
import java.nio.ByteBuffer;

/**
 * Streams the elements of one {@code .npy} array in the file's order. Not thread-safe; the source's
 * owner closes it.
 */
public final class NpyReader {
  private static final int BLOCK_ELEMENTS = 1 << 13;

  private final ByteSource in;
  private final NpyHeader header;
  private final byte[] bytes;
  private final ByteBuffer block;
  private final double[] values = new double[BLOCK_ELEMENTS];
  private long left;

  /** Reads the header. */
  public NpyReader(ByteSource in) {
    this.in = in;
    this.header = NpyHeader.read(in);
    this.left = header.count();
    this.bytes = new byte[BLOCK_ELEMENTS * header.type().bytes()];
    this.block = ByteBuffer.wrap(bytes).order(header.type().order());
  }

  public NpyHeader header() {
    return header;
  }

  /** The name that begins every message. */
  public String name() {
    return in.name();
  }

  /**
   * Reads the next elements as doubles into an array of this object's own; 0 at the end. Valid
   * until the next call.
   */
  public int next() {
    int n = (int) Math.min(BLOCK_ELEMENTS, left);
    in.read(bytes, 0, n * header.type().bytes());
    for (int i = 0; i < n; i++) {
      values[i] = header.type().read(block, i * header.type().bytes());
    }
    left -= n;
    if (n == 0) {
      in.expectEnd();
    }
    return n;
  }

  /** What {@link #next} read. */
  public double[] values() {
    return values;
  }
}
