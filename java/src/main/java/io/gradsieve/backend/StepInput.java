package io.gradsieve.backend;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/**
 * A batch of up to capacity samples: where each lies, and what is known of it in memory the device
 * reads. The views are little-endian and direct; invalid after {@link #close}.
 */
public interface StepInput extends AutoCloseable {
  /**
   * Sample {@code i} of the batch begins at {@code offset} of direct {@code memory}: [H][W][C]
   * densely, bytes or little-endian floats as the plan's input says. It may be read there until the
   * step has been awaited, and must not change before.
   */
  void sample(int i, ByteBuffer memory, int offset);

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
