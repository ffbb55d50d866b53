package io.gradsieve.format;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.ZipException;

/** Stops a zip bomb: content that is large and shrank by more than real data does. */
final class BoundedGunzip extends FilterInputStream {
  /** Bytes that always pass, whatever they shrank from. */
  static final long FREE_BYTES = 1 << 26;

  /** How far real data shrinks; images of one colour reach it, tables do not. */
  static final long MOST_RATIO = 200;

  private final long most;
  private long passed;

  /** Of a packed stream of {@code packedBytes}. */
  BoundedGunzip(InputStream in, long packedBytes) {
    this(in, packedBytes, FREE_BYTES);
  }

  BoundedGunzip(InputStream in, long packedBytes, long freeBytes) {
    super(in);
    boolean huge = packedBytes > Long.MAX_VALUE / MOST_RATIO;
    most = Math.max(freeBytes, huge ? Long.MAX_VALUE : packedBytes * MOST_RATIO);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int n = super.read(target, offset, length);
    passed += Math.max(0, n);
    if (passed > most) {
      throw new ZipException(
          "it unpacks to over " + MOST_RATIO + " times its size, like a zip bomb");
    }
    return n;
  }
}
