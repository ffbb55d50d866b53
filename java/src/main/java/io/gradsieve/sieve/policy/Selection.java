package io.gradsieve.sieve.policy;

import java.util.Arrays;

/**
 * Who is kept in a filtered epoch.
 *
 * @param order M positions in 0..N-1, shuffled
 * @param weights w_i > 0 of each, [M]
 * @param meanWeight w̄ as the policy states it, never averaged from draws
 */
public record Selection(int[] order, float[] weights, double meanWeight) {
  /** These, each with weight 1, w̄ 1. */
  public static Selection unweighted(int[] order) {
    float[] weights = new float[order.length];
    Arrays.fill(weights, 1);
    return new Selection(order, weights, 1);
  }
}
