package io.gradsieve.dist.ring;

import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.NativeMemory;
import java.nio.ByteBuffer;

/** Adds numbers that came to those that are there. */
enum Addition {
  /**
   * By our own kernel. Java's loop over buffers outside its heap took so long that a ring of two
   * local processes was at half its speed.
   */
  FLOATS(Float.BYTES) {
    @Override
    void add(ByteBuffer sums, ByteBuffer came) {
      long to = NativeMemory.address(sums.slice());
      long from = NativeMemory.address(came.slice());
      NativeException.check(CpuLibrary.gs_add(came.remaining() / Float.BYTES, to, from, to));
    }
  },
  /** Few: batch norm's sums and verdicts. */
  DOUBLES(Double.BYTES) {
    @Override
    void add(ByteBuffer sums, ByteBuffer came) {
      int count = came.remaining() / Double.BYTES;
      for (int i = 0; i < count; i++) {
        int to = sums.position() + i * Double.BYTES;
        double value = came.getDouble(came.position() + i * Double.BYTES);
        sums.putDouble(to, sums.getDouble(to) + value);
      }
    }
  };

  private final int bytes;

  Addition(int bytes) {
    this.bytes = bytes;
  }

  /** Of a number. */
  int bytes() {
    return bytes;
  }

  /** Adds all of {@code came}, whole numbers, to {@code sums}. */
  abstract void add(ByteBuffer sums, ByteBuffer came);
}
