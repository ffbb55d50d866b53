package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.Share;

/**
 * {@code order}: of a fresh uniform pool of ⌈pool·N⌉ samples the M = ⌈keep·N⌉ with the highest
 * scores. Every weight and w̄ are 1: a biased plan, though every sample has its chance in every
 * epoch. OrderDP (ICLR 2026).
 *
 * @param pool share of the samples that is looked at
 * @param keep share of the samples that is kept
 */
record PoolOrder(PolicyOptions options, double pool, double keep, Filtering filtering)
    implements SievePolicy {
  static PoolOrder of(PolicyOptions options) {
    double pool = options.share("pool", 0.75, PolicyOptions.Range.ABOVE_ZERO);
    double keep = options.share("keep", 0.6, PolicyOptions.Range.ABOVE_ZERO);
    if (keep > pool) {
      throw options.contradiction("keep", "must not exceed pool");
    }
    return new PoolOrder(options, pool, keep, options.filtering(1));
  }

  @Override
  public boolean unbiased() {
    return false;
  }

  @Override
  public String asked() {
    return "keep the top "
        + Percent.of(keep)
        + " of the samples, out of "
        + Percent.of(pool)
        + " at random";
  }

  @Override
  public int leastKept(int samples) {
    return Share.ceil(keep, samples);
  }

  @Override
  public Selection select(Candidates candidates) {
    float[] scores = candidates.scores();
    float[] pooled = scores.clone();
    for (int j = candidates.count(pool); j < pooled.length; j++) {
      pooled[j] = Float.NaN;
    }
    int wanted = candidates.count(keep) - Largest.unscored(scores);
    boolean[] kept = Largest.of(pooled, candidates.order(), wanted);
    Largest.addUnscored(scores, kept);
    return Selection.marked(candidates.order(), kept);
  }
}
