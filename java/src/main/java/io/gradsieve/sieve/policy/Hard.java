package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.Share;

/**
 * {@code hard}: keeps the M = ⌈keep·N⌉ samples with the highest scores, for good; of equal scores
 * those with the lower index. Every weight and w̄ are 1: a biased plan. Candidates are those the
 * last filtered epoch kept, so a removed sample never comes back, and the table alone says which
 * they are. Unscored samples come before any scored one.
 *
 * @param keep share of all samples that stays
 */
record Hard(PolicyOptions options, double keep, Filtering filtering) implements SievePolicy {
  static Hard of(PolicyOptions options) {
    double keep = options.share("keep", 0.7, PolicyOptions.Range.ABOVE_ZERO);
    return new Hard(options, keep, options.filtering(1));
  }

  @Override
  public boolean unbiased() {
    return false;
  }

  @Override
  public String asked() {
    return "keep the top " + Percent.of(keep) + " of the samples for good";
  }

  @Override
  public int leastKept(int samples) {
    return Share.ceil(keep, samples);
  }

  @Override
  public Selection select(Candidates candidates) {
    int[] order = candidates.order();
    float[] scores = candidates.scores();
    float[] left = new float[scores.length];
    boolean[] unscored = new boolean[scores.length];
    int wanted = candidates.count(keep);
    for (int j = 0; j < scores.length; j++) {
      boolean candidate = candidates.kept(order[j]);
      unscored[j] = candidate && Float.isNaN(scores[j]);
      wanted -= unscored[j] ? 1 : 0;
      left[j] = candidate ? scores[j] : Float.NaN;
    }
    boolean[] kept = Largest.of(left, order, wanted);
    for (int j = 0; j < kept.length; j++) {
      kept[j] |= unscored[j];
    }
    return Selection.marked(order, kept);
  }
}
