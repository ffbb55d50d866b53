package io.gradsieve.data;

import io.gradsieve.data.augment.Augment;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/**
 * Where a batch of up to B samples is put: views of memory that the device reads.
 *
 * @param samples told which sample each is
 * @param labels class indices, [B]; 0 where none are known, since devices index by them
 * @param ids samples' indices for random draws, [B]
 * @param planWeights w_i, [B]
 * @param sampleWeights u_i, [B]
 */
public record Slot(
    Samples samples,
    IntBuffer labels,
    LongBuffer ids,
    FloatBuffer planWeights,
    FloatBuffer sampleWeights) {

  /** The samples of a batch, [B]. */
  @FunctionalInterface
  public interface Samples {
    /**
     * Sample {@code i} of the batch is {@code sample} of the data set, changed as {@code augment}
     * makes of {@code draw}. Where it lies, who gathers it and when is the device's.
     */
    void put(int i, int sample, Augment augment, long draw);
  }

  /** B: how many samples fit. */
  public int capacity() {
    return labels.capacity();
  }
}
