package io.gradsieve.dist.ring;

import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Floats that go round a ring as bfloat16. What comes is added to this worker's own float32, and
 * the sum rounded once, to the nearest, for the next; the last to add so makes the bits that all
 * take, itself too.
 */
final class Halves implements Addition {
  private static final int HALF = Short.BYTES;
  private static final long MOST = Integer.MAX_VALUE - 64;

  private ByteBuffer memory = ByteBuffer.allocateDirect(0);

  /** Of the operation under way. */
  private Stretches floats = new Stretches(List.of());

  private ByteBuffer wire = memory;

  /**
   * Begins with other floats.
   *
   * @return bytes as they travel, in the order of the floats
   */
  ByteBuffer begin(Stretches all) {
    long bytes = all.bytes() / Float.BYTES * HALF;
    if (bytes > MOST) {
      throw new IllegalArgumentException(all.bytes() + " bytes at once, at most 4 GiB");
    }
    if (memory.capacity() < bytes) {
      memory = ByteBuffer.allocateDirect((int) bytes);
    }
    floats = all;
    wire = memory.slice(0, (int) bytes).order(ByteOrder.LITTLE_ENDIAN);
    return wire;
  }

  @Override
  public int bytes() {
    return HALF;
  }

  /** Rounds the floats of bytes of the wire. */
  void round(long from, long to) {
    each(from, to, (float32, half, count) -> CpuLibrary.gs_bf16_round(count, float32, half));
  }

  @Override
  public void add(ByteBuffer sums, ByteBuffer came) {
    int first = sums.position();
    int last = first + came.remaining();
    long received = NativeMemory.address(came.slice());
    long start = NativeMemory.address(wire) + first;
    each(
        first,
        last,
        (float32, half, count) -> {
          long at = received + half - start;
          NativeException.check(
              CpuLibrary.gs_bf16_add(count, at, CpuLibrary.GS_GRADIENT_ADD, float32));
          return CpuLibrary.gs_bf16_round(count, float32, half);
        });
  }

  /** Leaves in all floats what the wire says of them. */
  void end() {
    each(
        0,
        wire.limit(),
        (float32, half, count) ->
            CpuLibrary.gs_bf16_add(count, half, CpuLibrary.GS_GRADIENT_STORE, float32));
    floats = new Stretches(List.of());
  }

  /** A native call on so many floats at one address and their halves at another. */
  private interface Call {
    int on(long float32, long half, long count);
  }

  private void each(long from, long to, Call call) {
    long base = NativeMemory.address(wire);
    for (long at = from; at < to; ) {
      ByteBuffer stretch = floats.at(at / HALF * Float.BYTES, (to - at) / HALF * Float.BYTES);
      int count = stretch.remaining() / Float.BYTES;
      NativeException.check(call.on(NativeMemory.address(stretch.slice()), base + at, count));
      at += (long) count * HALF;
    }
  }
}
