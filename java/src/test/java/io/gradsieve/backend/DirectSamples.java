package io.gradsieve.backend;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Samples of a test, one after another in a buffer of their own. */
public final class DirectSamples {
  private DirectSamples() {}

  /** Room for samples of so many bytes, zeroed, as the first samples of the input. */
  public static ByteBuffer bytes(StepInput input, int samples, int sampleBytes) {
    ByteBuffer memory =
        ByteBuffer.allocateDirect(samples * sampleBytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < samples; i++) {
      input.sample(i, memory, i * sampleBytes);
    }
    return memory;
  }

  /** Samples of floats as the first of the input. */
  public static void floats(StepInput input, int samples, float[] values) {
    bytes(input, samples, values.length / samples * Float.BYTES).asFloatBuffer().put(values);
  }
}
