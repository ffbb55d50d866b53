package io.gradsieve.data;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/**
 * Where a batch of up to B samples is put: views of memory that the device reads.
 *
 * @param samples told where each sample lies, [H][W][C] densely
 * @param labels class indices, [B]; 0 where none are known, since devices index by them
 * @param ids samples' indices for random draws, [B]
 * @param planWeights w_i, [B]
 * @param sampleWeights u_i, [B]
 */
public record Slot(
    Places samples,
    IntBuffer labels,
    LongBuffer ids,
    FloatBuffer planWeights,
    FloatBuffer sampleWeights) {

  /** Where the samples of a batch lie, [B]. */
  @FunctionalInterface
  public interface Places {
    /**
     * Sample {@code i} begins at {@code offset} of direct {@code memory}, which stays as it is
     * until the slot is free again.
     */
    void put(int i, ByteBuffer memory, int offset);
  }

  /** B: how many samples fit. */
  public int capacity() {
    return labels.capacity();
  }
}
