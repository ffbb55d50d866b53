package io.gradsieve.data.reader;

import io.gradsieve.data.ContentHash;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The input cells of a CSV row as bytes, whose hash is the row's content. For each input column, in
 * the order of their names:
 *
 * <pre>
 *   8 bytes  the column: the first half of the hash of its name in UTF-8
 *   8 bytes  a number: its value as a double, −0 as 0
 *            a text: a NaN, {@link #TEXT} plus its length L in bytes
 *   L bytes  of a text: itself in UTF-8
 * </pre>
 *
 * <p>little-endian throughout. So neither the order of columns counts, nor how a number is written
 * (1, 1.0 and 1e0 are one), nor by which mean and deviation it is standardised, nor which other
 * categories there are.
 */
final class RowContent {
  /** No number has the bits of a NaN. */
  private static final long TEXT = 0x7ff8_0000_0000_0000L;

  private final ContentHash hashes;
  private ByteBuffer row = buffer(1 << 10);

  /** Sets the rows' hashes in {@code hashes}. */
  RowContent(ContentHash hashes) {
    this.hashes = hashes;
  }

  /** What stands for a column of this name. */
  static long column(String name) {
    return ContentHash.of(name.getBytes(StandardCharsets.UTF_8));
  }

  void number(long column, double value) {
    reserve(2 * Long.BYTES);
    row.putLong(column).putDouble(value + 0.0);
  }

  void text(long column, String cell) {
    byte[] bytes = cell.getBytes(StandardCharsets.UTF_8);
    reserve(2 * Long.BYTES + bytes.length);
    row.putLong(column).putLong(TEXT + bytes.length).put(bytes);
  }

  /** Ends the row, which is this sample. */
  void end(int sample) {
    hashes.set(sample, row.array(), row.position());
    row.clear();
  }

  private void reserve(int bytes) {
    if (row.remaining() < bytes) {
      ByteBuffer larger = buffer(Math.max(2 * row.capacity(), row.position() + bytes));
      row = larger.put(row.flip());
    }
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
