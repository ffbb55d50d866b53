package io.gradsieve.sieve;

/**
 * What one epoch trains on. Each step's gradient is Σ term_i / (b·w̄): the weights are in the
 * terms, w̄ is stated here.
 *
 * @param order M positions in the training part (0..N-1), in the order they are trained on; no copy
 *     is made
 * @param weights w_i > 0 of each entry of {@code order}, [M]
 * @param meanWeight w̄, stated by the policy
 * @param batchSizes samples of each step; their sum is M
 * @param lrScale multiplies the learning rate alone
 * @param filtered whether the policy filtered this epoch; if not it is a full one
 * @param emptySelection whether the policy chose nothing, so that all are kept after all; worth one
 *     warning
 */
public record EpochPlan(
    int[] order,
    float[] weights,
    double meanWeight,
    int[] batchSizes,
    double lrScale,
    boolean filtered,
    boolean emptySelection) {

  /** M, the samples that are backpropagated. */
  public int kept() {
    return order.length;
  }

  /** Optimizer steps. */
  public int steps() {
    return batchSizes.length;
  }
}
