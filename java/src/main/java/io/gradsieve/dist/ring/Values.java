package io.gradsieve.dist.ring;

import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;

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

  /** Of a gradient. */
  record Floats(FloatBuffer values) implements Values {
    public Floats {
      values = values.slice();
    }

    @Override
    public int size() {
      return values.limit();
    }

    @Override
    public int bytes() {
      return Float.BYTES;
    }

    @Override
    public void read(int from, int count, ByteBuffer target) {
      target.asFloatBuffer().put(values.slice(from, count));
      target.position(target.position() + count * Float.BYTES);
    }

    @Override
    public void write(int from, int count, ByteBuffer source) {
      values.put(from, source.asFloatBuffer(), 0, count);
      source.position(source.position() + count * Float.BYTES);
    }

    @Override
    public void add(int from, int count, ByteBuffer source) {
      FloatBuffer added = source.asFloatBuffer();
      FloatBuffer sums = values.slice(from, count);
      for (int i = 0; i < count; i++) {
        sums.put(i, sums.get(i) + added.get(i));
      }
      source.position(source.position() + count * Float.BYTES);
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
