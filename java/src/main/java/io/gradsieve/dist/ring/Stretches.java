package io.gradsieve.dist.ring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** What goes round a ring: the bytes between position and limit of buffers, one after another. */
final class Stretches {
  private final List<ByteBuffer> buffers;

  /** Where each begins, and the last ends. */
  private final long[] starts;

  Stretches(List<ByteBuffer> all) {
    buffers = all.stream().map(b -> b.slice().order(ByteOrder.LITTLE_ENDIAN)).toList();
    starts = new long[buffers.size() + 1];
    for (int b = 0; b < buffers.size(); b++) {
      starts[b + 1] = starts[b] + buffers.get(b).limit();
    }
  }

  long bytes() {
    return starts[buffers.size()];
  }

  /**
   * Bytes from an offset on that lie in one buffer, not more than {@code most}: the buffer itself,
   * with position and limit there until the next call.
   */
  ByteBuffer at(long from, long most) {
    int b = Arrays.binarySearch(starts, 0, buffers.size(), from);
    b = b < 0 ? -b - 2 : b;
    while (starts[b + 1] == from) { // empty
      b++;
    }
    ByteBuffer buffer = buffers.get(b);
    int position = (int) (from - starts[b]);
    return buffer.clear().position(position).limit((int) Math.min(buffer.limit(), position + most));
  }
}
