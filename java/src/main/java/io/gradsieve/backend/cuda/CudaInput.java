package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Resources;
import io.gradsieve.backend.StepInput;
import io.gradsieve.data.augment.Augment;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Objects;

/** A batch as a {@link CudaSlot}; which samples, not the samples: those the device gathers. */
final class CudaInput implements StepInput {
  private final CudaPinned memory;
  private final CudaSlot slot;
  private final CudaSamples samples;
  private final Runnable drain;
  private final ByteBuffer view;
  private final IntBuffer labels;
  private final LongBuffer ids;
  private final FloatBuffer planWeights;
  private final FloatBuffer sampleWeights;
  private boolean closed;

  /**
   * Takes room for a batch of these samples.
   *
   * @param drain waits for the step that may still read them
   */
  CudaInput(CudaBackend backend, CudaSlot slot, CudaSamples samples, Runnable drain) {
    this.slot = slot;
    this.samples = samples;
    this.drain = drain;
    memory = new CudaPinned(backend, slot.bytes(), "input");
    view = memory.view(0, Math.toIntExact(slot.bytes()));
    labels = part(slot.labels(), Integer.BYTES).asIntBuffer();
    ids = part(slot.ids(), Long.BYTES).asLongBuffer();
    planWeights = part(slot.planWeights(), Float.BYTES).asFloatBuffer();
    sampleWeights = part(slot.sampleWeights(), Float.BYTES).asFloatBuffer();
  }

  private ByteBuffer part(long offset, int elementBytes) {
    return memory.view(offset, slot.capacity() * elementBytes);
  }

  int capacity() {
    return slot.capacity();
  }

  /** Throws {@link IllegalStateException} once closed. */
  CudaSamples samples() {
    if (closed) {
      throw new IllegalStateException("the input is closed");
    }
    return samples;
  }

  /** The whole slot. */
  ByteBuffer view() {
    return view;
  }

  /** Which sample of the data set is in this place of the batch. */
  long sample(int i) {
    return view.getLong(i * CudaSlot.SAMPLE);
  }

  @Override
  public void sample(int i, int sample, Augment augment, long draw) {
    Objects.checkIndex(i, slot.capacity());
    Objects.checkIndex(sample, samples.count());
    int at = i * CudaSlot.SAMPLE;
    view.putLong(at, sample);
    view.putLong(at + CudaSlot.DRAW, draw);
    view.putInt(at + CudaSlot.CROP, augment.crops() ? 1 : 0);
    view.putInt(at + CudaSlot.FLIP, augment.flips() ? 1 : 0);
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
      Resources resources = new Resources();
      resources.add(samples::release);
      resources.add(memory::close);
      resources.add(() -> closed = true); // the step that is drained may still ask for samples
      resources.add(drain::run);
      resources.close();
    }
  }
}
