package io.gradsieve.format.npy;

import java.io.IOException;
import java.io.OutputStream;
import java.time.LocalDateTime;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes arrays as {@code numpy.savez_compressed} does; the same arrays give the same bytes. */
public final class NpzWriter implements AutoCloseable {
  private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

  private final ZipOutputStream zip;

  /** Takes over a stream. */
  public NpzWriter(OutputStream out) {
    zip = new ZipOutputStream(out);
    zip.setLevel(Deflater.BEST_SPEED);
  }

  /**
   * Begins an array; its elements follow through {@link #write}, row-major, in the type's byte
   * order.
   */
  public void begin(String name, NpyType type, long... shape) throws IOException {
    ZipEntry entry = new ZipEntry(name + ".npy");
    entry.setTimeLocal(NO_TIME);
    zip.putNextEntry(entry);
    zip.write(NpyHeader.bytes(type, shape));
  }

  /** The next bytes of the array. */
  public void write(byte[] bytes, int offset, int length) throws IOException {
    zip.write(bytes, offset, length);
  }

  /** Ends the array. */
  public void end() throws IOException {
    zip.closeEntry();
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
