package io.gradsieve.dist.ring;

import java.nio.ByteBuffer;

/**
 * Adds numbers that came to those that are there. By arrays of a piece, which stay in a core's
 * cache: the JVM adds arrays by vectors, and numbers in buffers outside its heap one by one.
 */
sealed interface Addition {
  /** Of a number. */
  int bytes();

  /** Adds all of {@code came}, whole numbers and not more than a piece, to {@code sums}. */
  void add(ByteBuffer sums, ByteBuffer came);

  /** Of float32. */
  final class Floats implements Addition {
    private final float[] sums;
    private final float[] came;

    /** For pieces of so many bytes. */
    Floats(int piece) {
      sums = new float[piece / Float.BYTES];
      came = new float[piece / Float.BYTES];
    }

    @Override
    public int bytes() {
      return Float.BYTES;
    }

    @Override
    public void add(ByteBuffer to, ByteBuffer from) {
      int count = from.remaining() / Float.BYTES;
      to.asFloatBuffer().get(0, sums, 0, count);
      from.asFloatBuffer().get(0, came, 0, count);
      add(count);
      to.asFloatBuffer().put(0, sums, 0, count);
    }

    private void add(int count) {
      for (int i = 0; i < count; i++) {
        sums[i] += came[i];
      }
    }
  }

  /** Of float64. */
  final class Doubles implements Addition {
    @Override
    public int bytes() {
      return Double.BYTES;
    }

    @Override
    public void add(ByteBuffer to, ByteBuffer from) {
      int count = from.remaining() / Double.BYTES;
      for (int i = 0; i < count; i++) {
        int at = i * Double.BYTES;
        double sum = to.getDouble(to.position() + at) + from.getDouble(from.position() + at);
        to.putDouble(to.position() + at, sum);
      }
    }
  }
}
