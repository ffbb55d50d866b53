package io.gradsieve.dist.ring;

import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.List;

/** What goes round a ring: elements between position and limit of a buffer, as bytes. */
sealed interface Values {
  /** How many elements. */
  int size();

  /** Of an element. */
  int bytes();

  /** Puts elements into bytes that are sent. */
  void read(int from, int count, ByteBuffer target);

  /** Replaces elements by received bytes. */
  void write(int from, int count, ByteBuffer source);

  /** Adds received bytes to elements. */
  default void add(int from, int count, ByteBuffer source) {
    throw new UnsupportedOperationException("only numbers are added");
  }

  /** Of gradients: buffers one after another. */
  final class Floats implements Values {
    private final List<FloatBuffer> buffers;

    /** Where each begins, and the last ends. */
    private final int[] starts;

    Floats(List<FloatBuffer> values) {
      buffers = values.stream().map(FloatBuffer::slice).toList();
      starts = new int[buffers.size() + 1];
      for (int b = 0; b < buffers.size(); b++) {
        starts[b + 1] = Math.addExact(starts[b], buffers.get(b).limit());
      }
    }

    @Override
    public int size() {
      return starts[buffers.size()];
    }

    @Override
    public int bytes() {
      return Float.BYTES;
    }

    /** What is done with a stretch of one buffer. */
    private interface Stretch {
      void of(FloatBuffer elements, FloatBuffer bytes);
    }

    private void each(int from, int count, ByteBuffer piece, Stretch stretch) {
      FloatBuffer bytes = piece.asFloatBuffer();
      int end = from + count;
      int b = Arrays.binarySearch(starts, from);
      b = b < 0 ? -b - 2 : b;
      for (int at = from; at < end; b++) {
        int length = Math.min(end, starts[b + 1]) - at;
        stretch.of(buffers.get(b).slice(at - starts[b], length), bytes.slice(at - from, length));
        at += length;
      }
      piece.position(piece.position() + count * Float.BYTES);
    }

    @Override
    public void read(int from, int count, ByteBuffer target) {
      each(from, count, target, (elements, bytes) -> bytes.put(elements));
    }

    @Override
    public void write(int from, int count, ByteBuffer source) {
      each(from, count, source, (elements, bytes) -> elements.put(bytes));
    }

    @Override
    public void add(int from, int count, ByteBuffer source) {
      each(from, count, source, Floats::add);
    }

    private static void add(FloatBuffer sums, FloatBuffer added) {
      for (int i = 0; i < sums.limit(); i++) {
        sums.put(i, sums.get(i) + added.get(i));
      }
    }
  }

  /** Of sums. */
  record Doubles(DoubleBuffer values) implements Values {
    public Doubles {
      values = values.slice();
    }

    @Override
    public int size() {
      return values.limit();
    }

    @Override
    public int bytes() {
      return Double.BYTES;
    }

    @Override
    public void read(int from, int count, ByteBuffer target) {
      target.asDoubleBuffer().put(values.slice(from, count));
      target.position(target.position() + count * Double.BYTES);
    }

    @Override
    public void write(int from, int count, ByteBuffer source) {
      values.put(from, source.asDoubleBuffer(), 0, count);
      source.position(source.position() + count * Double.BYTES);
    }

    @Override
    public void add(int from, int count, ByteBuffer source) {
      DoubleBuffer added = source.asDoubleBuffer();
      DoubleBuffer sums = values.slice(from, count);
      for (int i = 0; i < count; i++) {
        sums.put(i, sums.get(i) + added.get(i));
      }
      source.position(source.position() + count * Double.BYTES);
    }
  }

  /** Of sizes. */
  record Longs(LongBuffer values) implements Values {
    @Override
    public int size() {
      return values.limit();
    }

    @Override
    public int bytes() {
      return Long.BYTES;
    }

    @Override
    public void read(int from, int count, ByteBuffer target) {
      target.asLongBuffer().put(values.slice(from, count));
      target.position(target.position() + count * Long.BYTES);
    }

    @Override
    public void write(int from, int count, ByteBuffer source) {
      values.put(from, source.asLongBuffer(), 0, count);
      source.position(source.position() + count * Long.BYTES);
    }
  }

  /** Of anything. */
  record Bytes(ByteBuffer values) implements Values {
    public Bytes {
      values = values.slice();
    }

    @Override
    public int size() {
      return values.limit();
    }

    @Override
    public int bytes() {
      return 1;
    }

    @Override
    public void read(int from, int count, ByteBuffer target) {
      target.put(values.slice(from, count));
    }

    @Override
    public void write(int from, int count, ByteBuffer source) {
      values.put(from, source, source.position(), count);
      source.position(source.position() + count);
    }
  }
}
