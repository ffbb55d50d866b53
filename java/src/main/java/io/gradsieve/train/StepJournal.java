package io.gradsieve.train;

import io.gradsieve.backend.StepRecords;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * What one of several workers measured in its parts of the steps since the workers last exchanged
 * it, part after part, little-endian:
 *
 * <pre>
 * loss, crossEntropy, el2n, margin, predicted   float32 [n] each, n samples of the part
 * squaredNorm                                   float32 [b], b of them went backward
 * backwardRows                                  int32 [b], only where the step chose them
 * </pre>
 */
final class StepJournal {
  private static final int VALUES = 5;

  /** A step that has ended. */
  record End(double gradient2, double learningRate) {}

  private final List<End> ends = new ArrayList<>();
  private ByteBuffer written = buffer(1 << 16);

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Notes a part that was awaited. */
  void add(MicroBatch part, StepRecords records, boolean chose) {
    int size = bytes(part, chose);
    if (written.remaining() < size) {
      ByteBuffer larger = buffer(Math.addExact(2 * written.capacity(), size));
      written = larger.put(written.flip());
    }
    put(records.loss(), part.size());
    put(records.crossEntropy(), part.size());
    put(records.el2n(), part.size());
    put(records.margin(), part.size());
    put(records.predicted(), part.size());
    put(records.squaredNorm(), part.backward());
    for (int j = 0; chose && j < part.backward(); j++) {
      written.putInt(records.backwardRows().get(j));
    }
  }

  private void put(FloatBuffer values, int count) {
    for (int i = 0; i < count; i++) {
      written.putFloat(values.get(i));
    }
  }

  private static int bytes(MicroBatch part, boolean chose) {
    return Float.BYTES * (VALUES * part.size() + (chose ? 2 : 1) * part.backward());
  }

  /** Whether nothing was noted since it was cleared. */
  boolean isEmpty() {
    return written.position() == 0 && ends.isEmpty();
  }

  /** Notes that a step has ended. */
  void end(double gradient2, double learningRate) {
    ends.add(new End(gradient2, learningRate));
  }

  /** The steps that have ended, in order. */
  List<End> ends() {
    return ends;
  }

  /** All parts, to be read until the next is added. */
  ByteBuffer bytes() {
    return written.duplicate().flip();
  }

  /** Forgets all. */
  void clear() {
    written.clear();
    ends.clear();
  }

  /** Reads a worker's bytes part after part. */
  static final class Reader {
    private final ByteBuffer bytes;
    private final Iterator<MicroBatch> parts;

    /**
     * A reader.
     *
     * @param parts the worker's own, from the first in the bytes on
     */
    Reader(ByteBuffer bytes, Iterator<MicroBatch> parts) {
      this.bytes = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
      this.parts = parts;
    }

    /** The next part. */
    MicroBatch part() {
      return parts.next();
    }

    /** Its records. */
    Records records(MicroBatch part, boolean chose) {
      int n = part.size();
      int b = part.backward();
      FloatBuffer loss = floats(n);
      FloatBuffer crossEntropy = floats(n);
      FloatBuffer el2n = floats(n);
      FloatBuffer margin = floats(n);
      FloatBuffer predicted = floats(n);
      FloatBuffer squaredNorm = floats(b);
      IntBuffer rows = floats(chose ? b : 0, bytes).asIntBuffer();
      return new Records(loss, crossEntropy, el2n, margin, predicted, squaredNorm, rows);
    }

    private FloatBuffer floats(int count) {
      return floats(count, bytes).asFloatBuffer();
    }

    private static ByteBuffer floats(int count, ByteBuffer from) {
      int length = count * Float.BYTES;
      ByteBuffer part = from.slice(from.position(), length).order(ByteOrder.LITTLE_ENDIAN);
      from.position(from.position() + length);
      return part;
    }
  }

  /** Of a part: what the score table and the epoch's account read. */
  record Records(
      FloatBuffer loss,
      FloatBuffer crossEntropy,
      FloatBuffer el2n,
      FloatBuffer margin,
      FloatBuffer predicted,
      FloatBuffer squaredNorm,
      IntBuffer backwardRows)
      implements StepRecords {
    @Override
    public FloatBuffer confidence() {
      throw new UnsupportedOperationException("follows from the cross-entropy");
    }

    @Override
    public FloatBuffer probabilities() {
      throw new UnsupportedOperationException("of a step without update only");
    }
  }
}
