package io.gradsieve.sieve.policy;

import io.gradsieve.RandomBits;
import java.util.Arrays;
import java.util.List;

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

  /** The marked ones of shuffled samples, each with weight 1, w̄ 1. */
  static Selection marked(int[] order, boolean[] marks) {
    int count = 0;
    for (boolean marked : marks) {
      count += marked ? 1 : 0;
    }
    int[] kept = new int[count];
    int next = 0;
    for (int j = 0; j < order.length; j++) {
      if (marks[j]) {
        kept[next++] = order[j];
      }
    }
    return unweighted(kept);
  }

  /**
   * Selections of groups as one, in random order. Unbiased ones stay so: each estimates the sum
   * over its group by Σ w_i · term_i · n/(M·w̄), and so does the whole, with w̄ = N/M.
   *
   * @param sizes n of each group
   */
  static Selection merged(
      List<Selection> selections, int[] sizes, boolean unbiased, RandomBits draws) {
    int kept = 0;
    int samples = 0;
    for (int g = 0; g < sizes.length; g++) {
      kept += selections.get(g).order.length;
      samples += sizes[g];
    }
    int[] places = draws.permutation(kept);
    int[] order = new int[kept];
    float[] weights = new float[kept];
    int next = 0;
    for (int g = 0; g < sizes.length; g++) {
      Selection group = selections.get(g);
      double scale = unbiased ? sizes[g] / (group.order.length * group.meanWeight) : 1;
      for (int i = 0; i < group.order.length; i++) {
        order[places[next]] = group.order[i];
        weights[places[next++]] = (float) (scale * group.weights[i]);
      }
    }
    return new Selection(order, weights, unbiased ? (double) samples / kept : 1);
  }
}
