package io.gradsieve.backend.cuda;

/**
 * What a batch norm keeps from one kernel to the next.
 *
 * @param statistics float[2][P]: mean, inverse deviation
 * @param pending float[2][P]: running statistics that wait for the verdict on the step
 * @param sums double[1 + 2P]: of the forward pass, then of the backward pass
 */
record CudaBatchNorm(long statistics, long pending, long sums) {
  /** Takes the memory of one over so many lanes. */
  static CudaBatchNorm of(CudaNetwork network, int pitch) {
    long rows = 2L * pitch * Float.BYTES;
    return new CudaBatchNorm(
        network.own(rows, "statistics").address(),
        network.own(rows, "statistics").address(),
        network.own((1 + 2L * pitch) * Double.BYTES, "statistics").address());
  }
}
