package io.gradsieve.dist.ring;

import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.NativeMemory;
import java.nio.ByteBuffer;

/** Adds numbers that came to those that are there. */
interface Addition {
  /**
   * By our own kernel. Java's loop over buffers outside its heap took so long that a ring of two
   * local processes was at half its speed.
   */
  Addition FLOATS =
      new Addition() {
        @Override
        public int bytes() {
          return Float.BYTES;
        }

        @Override
        public void add(ByteBuffer sums, ByteBuffer came) {
          long to = NativeMemory.address(sums.slice());
          long from = NativeMemory.address(came.slice());
          NativeException.check(CpuLibrary.gs_add(came.remaining() / Float.BYTES, to, from, to));
        }
      };

  /** Few: batch norm's sums and verdicts. */
  Addition DOUBLES =
      new Addition() {
        @Override
        public int bytes() {
          return Double.BYTES;
        }

        @Override
        public void add(ByteBuffer sums, ByteBuffer came) {
          int count = came.remaining() / Double.BYTES;
          for (int i = 0; i < count; i++) {
            int to = sums.position() + i * Double.BYTES;
            double value = came.getDouble(came.position() + i * Double.BYTES);
            sums.putDouble(to, sums.getDouble(to) + value);
          }
        }
      };

  /** Of a number. */
  int bytes();

  /** Adds all of {@code came}, whole numbers, to {@code sums}. */
  void add(ByteBuffer sums, ByteBuffer came);
}
