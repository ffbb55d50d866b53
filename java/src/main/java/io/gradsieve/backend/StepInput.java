package io.gradsieve.backend;

import io.gradsieve.data.augment.Augment;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/**
 * A batch of up to capacity samples: which they are, and what is known of them in memory the device
 * reads. The views are little-endian and direct; invalid after {@link #close}.
 */
public interface StepInput extends AutoCloseable {
  /**
   * Sample {@code i} of the batch is {@code sample} of the store, changed as {@code augment} makes
   * of {@code draw}, {@link Augment#draws} at its index: the same bits on every device. Where it
   * lies and who gathers it when is the device's, which may keep a copy: once a step has begun, the
   * store must not change before this is closed. Throws {@link IndexOutOfBoundsException} if there
   * is no such sample or place.
   */
  void sample(int i, int sample, Augment augment, long draw);

  /** Class indices, [B]. */
  IntBuffer labels();

  /** Sample ids for random draws, [B]. */
  LongBuffer ids();

  /** w_i, [B]. */
  FloatBuffer planWeights();

  /** u_i, [B]. */
  FloatBuffer sampleWeights();

  /** Waits for the step if it may still read this, then gives the memory back. */
  @Override
  void close();
}
