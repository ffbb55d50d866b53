package io.gradsieve.sieve.policy;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.Share;

/**
 * {@code soft}: of the n samples whose score is strictly under the mean of the scored ones, k =
 * ⌈(1−r)·n⌉ are kept, drawn without replacement, with weight n/k; all others are kept with weight
 * 1. w̄ = N/M, so the expected step is that of the full data. InfoBatch (Qin et al. 2024, arXiv
 * 2303.04947) with an exact count instead of a coin for each sample.
 *
 * @param r share of the samples under the mean that is left out
 */
record Soft(PolicyOptions options, double r, Filtering filtering) implements SievePolicy {
  /** The published end of pruning: the last eighth trains on everything. */
  private static final double UNTIL = 0.875;

  static Soft of(PolicyOptions options) {
    double r = options.share("r", 0.5, PolicyOptions.Range.BELOW_ONE);
    return new Soft(options, r, options.filtering(UNTIL));
  }

  @Override
  public boolean unbiased() {
    return true;
  }

  @Override
  public String asked() {
    return "skip " + Percent.of(r) + " of the samples under the mean";
  }

  /** All but one under the mean: the most that can be. */
  @Override
  public int leastKept(int samples) {
    return samples - Share.floor(r, Math.max(samples - 1, 0));
  }

  @Override
  public int mostKept(int samples) {
    return samples;
  }

  @Override
  public Selection select(Candidates candidates) {
    int[] samples = candidates.order();
    float[] scores = candidates.scores();
    double mean = Candidates.mean(scores);
    int under = 0;
    for (float score : scores) {
      under += score < mean ? 1 : 0;
    }
    int drawn = under - Share.floor(r, under);
    int kept = samples.length - under + drawn;
    int[] order = new int[kept];
    float[] weights = new float[kept];
    float weight = under == 0 ? 1 : (float) ((double) under / drawn);
    RandomBits draws = candidates.draws();
    int left = under;
    int next = 0;
    for (int j = 0; j < samples.length; j++) {
      boolean low = scores[j] < mean;
      // Selection sampling (Knuth 3.4.2, algorithm S): exactly `drawn` of `under`, each subset
      // equally likely.
      if (low && draws.below(samples[j], left--) >= drawn) {
        continue;
      }
      drawn -= low ? 1 : 0;
      order[next] = samples[j];
      weights[next++] = low ? weight : 1;
    }
    return new Selection(order, weights, (double) samples.length / kept);
  }
}
