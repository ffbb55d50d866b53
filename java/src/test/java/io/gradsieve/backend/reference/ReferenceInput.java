package io.gradsieve.backend.reference;

import io.gradsieve.backend.StepInput;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.augment.Augment;
import io.gradsieve.plan.ReferenceStep;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Objects;

/** A batch that notes which samples it is of; they are gathered when a step begins. */
final class ReferenceInput implements StepInput {
  /** A sample of the store, changed by a draw. */
  private record Source(int sample, Augment augment, long draw) {}

  private final SampleStore store;
  private final SampleShape shape;
  private final boolean bytes;
  private final Runnable drain;
  private final Runnable released;
  private final Source[] sources;
  private final IntBuffer labels;
  private final LongBuffer ids;
  private final FloatBuffer planWeights;
  private final FloatBuffer sampleWeights;
  private boolean closed;

  /**
   * Room for {@code capacity} samples.
   *
   * @param bytes whether the store's samples are bytes instead of floats
   * @param drain ends the steps that may still read this
   */
  ReferenceInput(
      ReferenceBackend backend,
      int capacity,
      SampleStore store,
      SampleShape shape,
      boolean bytes,
      Runnable drain) {
    this.store = store;
    this.shape = shape;
    this.bytes = bytes;
    this.drain = drain;
    sources = new Source[capacity];
    labels = room(capacity, Integer.BYTES).asIntBuffer();
    ids = room(capacity, Long.BYTES).asLongBuffer();
    planWeights = room(capacity, Float.BYTES).asFloatBuffer();
    sampleWeights = room(capacity, Float.BYTES).asFloatBuffer();
    released = backend.take((long) capacity * (2 * Long.BYTES + 3 * Integer.BYTES), "input");
  }

  private static ByteBuffer room(int capacity, int elementBytes) {
    return ByteBuffer.allocateDirect(capacity * elementBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  int capacity() {
    return sources.length;
  }

  @Override
  public void sample(int i, int sample, Augment augment, long draw) {
    Objects.checkIndex(i, sources.length);
    Objects.checkIndex(sample, store.samples());
    sources[i] = new Source(sample, augment, draw);
  }

  /** The first {@code size} samples as they are now. */
  ReferenceStep.Batch batch(int size, int classes, boolean training, long seed, int epoch) {
    if (closed) {
      throw new IllegalStateException("the input is closed");
    }
    int[] ofLabels = new int[size];
    long[] ofIds = new long[size];
    double[] plan = new double[size];
    double[] sample = new double[size];
    for (int i = 0; i < size; i++) {
      ofLabels[i] = labels.get(i);
      if (ofLabels[i] < 0 || ofLabels[i] >= classes) {
        throw new IllegalArgumentException(
            "label %d of sample %d is none of %d classes".formatted(ofLabels[i], i, classes));
      }
      ofIds[i] = ids.get(i);
      plan[i] = planWeights.get(i);
      sample[i] = sampleWeights.get(i);
    }
    return new ReferenceStep.Batch(
        values(size), ofLabels, ofIds, plan, sample, training, seed, epoch);
  }

  private double[] values(int size) {
    int elements = store.sampleBytes() / (bytes ? 1 : Float.BYTES);
    double[] values = new double[size * elements];
    for (int i = 0; i < size; i++) {
      ByteBuffer sample = ByteBuffer.wrap(gathered(i)).order(ByteOrder.LITTLE_ENDIAN);
      for (int e = 0; e < elements; e++) {
        values[i * elements + e] = bytes ? sample.get() & 0xff : sample.getFloat();
      }
    }
    return values;
  }

  private byte[] gathered(int i) {
    Source source = sources[i];
    if (source == null) {
      throw new IllegalArgumentException("sample " + i + " of the batch lies nowhere");
    }
    byte[] plain = new byte[store.sampleBytes()];
    store.get(source.sample(), plain);
    if (source.augment() == Augment.NONE) {
      return plain;
    }
    byte[] changed = new byte[plain.length];
    int pixelBytes = plain.length / (shape.height() * shape.width());
    source
        .augment()
        .apply(source.draw(), plain, shape.height(), shape.width(), pixelBytes, changed);
    return changed;
  }

  @Override
  public IntBuffer labels() {
    return labels;
  }

  @Override
  public LongBuffer ids() {
    return ids;
  }

  @Override
  public FloatBuffer planWeights() {
    return planWeights;
  }

  @Override
  public FloatBuffer sampleWeights() {
    return sampleWeights;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      drain.run();
      released.run();
    }
  }
}
