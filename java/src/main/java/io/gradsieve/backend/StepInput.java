package io.gradsieve.backend;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/**
 * A batch of up to capacity samples in memory the device reads. Inputs are [B][H][W][C] densely,
 * bytes or floats as the plan's input says. The views are little-endian and direct; invalid after
 * {@link #close}.
 */
public interface StepInput extends AutoCloseable {
  ByteBuffer inputs();

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
