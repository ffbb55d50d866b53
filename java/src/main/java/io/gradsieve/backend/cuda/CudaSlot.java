package io.gradsieve.backend.cuda;

/**
 * Where the samples of a batch and what is known of them lie, in an input as on the device: {@code
 * gs_cuda_sample[B]}, labels int[B], ids long[B], plan weights and sample weights float[B], each
 * from a multiple of 64 bytes on.
 *
 * @param capacity the largest B
 */
record CudaSlot(int capacity) {
  /** Bytes of a {@code gs_cuda_sample}, and where its numbers lie in it. */
  static final int SAMPLE = 24;

  static final int DRAW = 8;
  static final int CROP = 16;
  static final int FLIP = 20;

  private static final int ALIGNMENT = 64;

  static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  long labels() {
    return aligned((long) SAMPLE * capacity);
  }

  long ids() {
    return labels() + aligned((long) Integer.BYTES * capacity);
  }

  long planWeights() {
    return ids() + aligned((long) Long.BYTES * capacity);
  }

  long sampleWeights() {
    return planWeights() + aligned((long) Float.BYTES * capacity);
  }

  long bytes() {
    return sampleWeights() + aligned((long) Float.BYTES * capacity);
  }
}
