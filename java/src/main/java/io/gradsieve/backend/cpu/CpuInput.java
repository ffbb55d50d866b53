package io.gradsieve.backend.cpu;

import io.gradsieve.backend.StepInput;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.augment.Augment;
import io.gradsieve.natives.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A batch in one piece of native memory: addresses of samples, then labels, ids, plan weights and
 * sample weights, each starting at a multiple of 64 bytes.
 */
final class CpuInput implements StepInput {
  private static final int ALIGNMENT = 64;

  /** A store and the addresses of its chunks; holding it keeps the samples where they are. */
  private static final class Placed {
    private final SampleStore store;
    private final long[] chunks;

    Placed(SampleStore store) {
      this.store = store;
      chunks = store.chunks().stream().mapToLong(NativeMemory::address).toArray();
    }

    long address(int sample) {
      return chunks[store.chunkOf(sample)] + store.offset(sample);
    }
  }

  private final CpuBuffer memory;
  private final Runnable drain;
  private final int capacity;
  private final Placed plain;
  private final int height;
  private final int width;

  /** Samples of the batch that were changed, [B], once there are any. */
  private @Nullable Placed changed;

  private byte[] before = {};
  private byte[] after = {};

  private final long labelsAt;
  private final long idsAt;
  private final long planWeightsAt;
  private final long sampleWeightsAt;
  private final LongBuffer samples;
  private final IntBuffer labels;
  private final LongBuffer ids;
  private final FloatBuffer planWeights;
  private final FloatBuffer sampleWeights;

  /**
   * Takes room for {@code capacity} samples of the store, [height][width] pixels each.
   *
   * @param drain waits for the step that may still read them
   */
  CpuInput(
      CpuBackend backend, int capacity, SampleStore store, int height, int width, Runnable drain) {
    this.capacity = capacity;
    this.plain = new Placed(store);
    this.height = height;
    this.width = width;
    this.drain = drain;
    this.labelsAt = aligned((long) capacity * Long.BYTES);
    this.idsAt = aligned(labelsAt + (long) capacity * Integer.BYTES);
    this.planWeightsAt = aligned(idsAt + (long) capacity * Long.BYTES);
    this.sampleWeightsAt = aligned(planWeightsAt + (long) capacity * Float.BYTES);
    this.memory =
        backend.allocate(aligned(sampleWeightsAt + (long) capacity * Float.BYTES), "input");
    this.samples = part(0, Long.BYTES).asLongBuffer();
    this.labels = part(labelsAt, Integer.BYTES).asIntBuffer();
    this.ids = part(idsAt, Long.BYTES).asLongBuffer();
    this.planWeights = part(planWeightsAt, Float.BYTES).asFloatBuffer();
    this.sampleWeights = part(sampleWeightsAt, Float.BYTES).asFloatBuffer();
  }

  private ByteBuffer part(long offset, int elementBytes) {
    return memory.view(offset, capacity * elementBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  int capacity() {
    return capacity;
  }

  long samplesAddress() {
    return memory.address();
  }

  long labelsAddress() {
    return memory.address() + labelsAt;
  }

  long idsAddress() {
    return memory.address() + idsAt;
  }

  long planWeightsAddress() {
    return memory.address() + planWeightsAt;
  }

  long sampleWeightsAddress() {
    return memory.address() + sampleWeightsAt;
  }

  @Override
  public void sample(int i, int sample, Augment augment, long draw) {
    Objects.checkIndex(i, capacity);
    Objects.checkIndex(sample, plain.store.samples());
    samples.put(
        i,
        augment == Augment.NONE
            ? plain.address(sample)
            : change(i, sample, augment, draw).address(i));
  }

  private Placed change(int i, int sample, Augment augment, long draw) {
    Placed target = changed;
    if (target == null) {
      int bytes = plain.store.sampleBytes();
      target = new Placed(new SampleStore("--augment " + augment, capacity, bytes));
      before = new byte[bytes];
      after = new byte[bytes];
      changed = target;
    }
    plain.store.get(sample, before);
    augment.apply(draw, before, height, width, before.length / (height * width), after);
    target.store.set(i, after);
    return target;
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
    drain.run();
    memory.close();
  }
}
