package io.gradsieve.dist.memory;

import io.gradsieve.natives.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** The bytes between position and limit of buffers, one after another, and where they lie. */
final class Located {
  private static final int IN_NO_REGION = -1;

  private final ByteBuffer[] buffers;
  private final long[] addresses;

  /** Where each begins among all bytes, and the last ends. */
  private final long[] starts;

  Located(List<ByteBuffer> all) {
    buffers = new ByteBuffer[all.size()];
    addresses = new long[all.size()];
    starts = new long[all.size() + 1];
    for (int b = 0; b < buffers.length; b++) {
      buffers[b] = all.get(b).slice().order(ByteOrder.LITTLE_ENDIAN);
      addresses[b] = NativeMemory.address(buffers[b]);
      starts[b + 1] = starts[b] + buffers[b].limit();
    }
  }

  long bytes() {
    return starts[buffers.length];
  }

  /** What is done with a stretch of this worker's, in whose region it lies. */
  interface Visit {
    /**
     * Bytes of one buffer.
     *
     * @param from where they begin among all
     */
    void stretch(long from, long bytes, int region, long offset);
  }

  /** Visits the bytes {@code from} to {@code to}, which all lie in regions. */
  void each(long from, long to, Mappings regions, Visit visit) {
    for (int b = 0; b < buffers.length; b++) {
      long first = Math.max(from, starts[b]);
      long last = Math.min(to, starts[b + 1]);
      if (first < last) {
        int region = regions.regionOf(addresses[b], buffers[b].limit());
        long offset = addresses[b] - regions.start(region);
        visit.stretch(first, last - first, region, offset + first - starts[b]);
      }
    }
  }

  /**
   * The same on two workers if their bytes lie at the same places of the same regions; 0: some lie
   * in no region.
   */
  long fingerprint(Mappings regions) {
    long hash = 1;
    for (int b = 0; b < buffers.length; b++) {
      int length = buffers[b].limit();
      int region = length == 0 ? 0 : regions.regionOf(addresses[b], length);
      if (region == IN_NO_REGION) {
        return 0;
      }
      if (length > 0) {
        hash = mixed(hash, region);
        hash = mixed(hash, regions.bytes(region));
        hash = mixed(hash, addresses[b] - regions.start(region));
        hash = mixed(hash, length);
      }
    }
    return hash | 1;
  }

  /** A multiplication and a rotation spread every bit over the word. */
  private static long mixed(long hash, long value) {
    return Long.rotateLeft((hash ^ value) * 0x9E3779B97F4A7C15L, 29);
  }

  /** Copies the bytes from {@code from} on to all of {@code target}. */
  void read(long from, ByteBuffer target) {
    copy(from, target.slice(), true);
  }

  /** Copies all of {@code source} to the bytes from {@code from} on. */
  void write(long from, ByteBuffer source) {
    copy(from, source.slice(), false);
  }

  private void copy(long from, ByteBuffer other, boolean out) {
    for (int b = 0; b < buffers.length; b++) {
      long first = Math.max(from, starts[b]);
      long last = Math.min(from + other.limit(), starts[b + 1]);
      if (first < last) {
        int bytes = (int) (last - first);
        int here = (int) (first - starts[b]);
        int there = (int) (first - from);
        if (out) {
          other.put(there, buffers[b], here, bytes);
        } else {
          buffers[b].put(here, other, there, bytes);
        }
      }
    }
  }
}
