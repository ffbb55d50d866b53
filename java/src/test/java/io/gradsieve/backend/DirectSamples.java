package io.gradsieve.backend;

import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.augment.Augment;
import java.nio.ByteBuffer;

/** Samples of a test, one after another; they are the first samples of every batch. */
public final class DirectSamples {
  private final SampleStore store;

  /** Room for samples of so many bytes, zeroed; all in one chunk. */
  public DirectSamples(int samples, int sampleBytes) {
    store = new SampleStore("test", samples, sampleBytes);
  }

  /** Of floats. */
  public static DirectSamples of(int samples, float[] values) {
    DirectSamples made = new DirectSamples(samples, values.length / samples * Float.BYTES);
    made.memory().asFloatBuffer().put(values);
    return made;
  }

  /** Where they lie, little-endian. */
  public ByteBuffer memory() {
    return store.chunks().get(0);
  }

  /** An input of the step that reads them. */
  public StepInput input(CompiledStep step) {
    StepInput input = step.newInput(store, SampleShape.features(store.sampleBytes()));
    for (int i = 0; i < store.samples(); i++) {
      input.sample(i, i, Augment.NONE, 0);
    }
    return input;
  }
}
