package io.gradsieve.dist.ring;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes of all workers, of any size each, one after another.
 *
 * @param starts where each worker's begin, and the last one's end
 */
record Shares(long[] starts) {
  /** Bytes of all together. */
  private static final long MOST = 1L << 30;

  /**
   * Of so many bytes each.
   *
   * @param sizes int32 of each worker, by rank
   * @throws IOException if they are more than 1 GiB
   */
  static Shares of(ByteBuffer sizes, int world) throws IOException {
    long[] starts = new long[world + 1];
    for (int rank = 0; rank < world; rank++) {
      int size = sizes.getInt(rank * Integer.BYTES);
      starts[rank + 1] = starts[rank] + size;
      if (size < 0 || starts[rank + 1] > MOST) {
        throw new IOException("more than 1 GiB to gather from " + world + " workers");
      }
    }
    return new Shares(starts);
  }

  /** For all of them. */
  ByteBuffer room() {
    return ByteBuffer.allocate((int) starts[starts.length - 1]);
  }

  /** Each worker's, read-only. */
  List<ByteBuffer> cut(ByteBuffer bytes) {
    List<ByteBuffer> cut = new ArrayList<>();
    for (int rank = 0; rank + 1 < starts.length; rank++) {
      int size = (int) (starts[rank + 1] - starts[rank]);
      cut.add(bytes.slice((int) starts[rank], size).asReadOnlyBuffer());
    }
    return cut;
  }
}
