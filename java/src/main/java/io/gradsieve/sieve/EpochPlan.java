package io.gradsieve.sieve;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * What one epoch trains on. Each step's gradient is Σ term_i / (b·w̄) over the b samples that go
 * backward in it: the weights are in the terms, w̄ is stated here.
 *
 * @param order M positions in the training part (0..N-1), in the order they are trained on; no copy
 *     is made
 * @param weights w_i > 0 of each entry of {@code order}, [M]
 * @param meanWeight w̄, stated by the policy
 * @param batchSizes samples of each step; their sum is M
 * @param lrScale multiplies the learning rate alone
 * @param backwardShare share of each step's samples that goes backward, those of the highest fresh
 *     score; 1 for all
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
    double backwardShare,
    boolean filtered,
    boolean emptySelection) {

  /** Of no epoch. */
  public static final EpochPlan NONE =
      new EpochPlan(new int[0], new float[0], 1, new int[0], 1, 1, false, false);

  /** Whether each step goes backward with a part of its samples only. */
  public boolean choosesInStep() {
    return backwardShare < 1;
  }

  /** M, the samples that go forward and, but for a choice in each step, backward. */
  public int kept() {
    return order.length;
  }

  /**
   * How many samples of each step go backward: at least one, and of the epoch ⌈backwardShare · M⌉
   * where steps are large enough for that.
   */
  public int[] backwardSizes() {
    int[] sizes = new int[batchSizes.length];
    int before = 0;
    for (int step = 0; step < sizes.length; step++) {
      int after = before + batchSizes[step];
      sizes[step] =
          Math.max(1, Share.ceil(backwardShare, after) - Share.ceil(backwardShare, before));
      before = after;
    }
    return sizes;
  }

  /** CRC-32C of order and weights: plans that differ nearly always differ in it. */
  public byte[] hash() {
    ByteBuffer bytes = ByteBuffer.allocate(2 * Integer.BYTES * order.length);
    for (int i = 0; i < order.length; i++) {
      bytes.putInt(order[i]).putFloat(weights[i]);
    }
    CRC32C sum = new CRC32C();
    sum.update(bytes.flip());
    return ByteBuffer.allocate(Long.BYTES).putLong(sum.getValue()).array();
  }

  /** Optimizer steps. */
  public int steps() {
    return batchSizes.length;
  }
}
