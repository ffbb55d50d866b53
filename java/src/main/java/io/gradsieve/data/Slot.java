package io.gradsieve.data;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/**
 * Where a batch of up to B samples is put: views of memory that the device reads.
 *
 * @param inputs [B][H][W][C], dense
 * @param labels class indices, [B]; 0 where none are known, since devices index by them
 * @param ids samples' indices for random draws, [B]
 * @param planWeights w_i, [B]
 * @param sampleWeights u_i, [B]
 */
public record Slot(
    ByteBuffer inputs,
    IntBuffer labels,
    LongBuffer ids,
    FloatBuffer planWeights,
    FloatBuffer sampleWeights) {

  /** B: how many samples fit. */
  public int capacity() {
    return labels.capacity();
  }
}
