package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.Share;

/**
 * {@code batch}: every sample is a candidate; each step goes forward with all of its batch and
 * backward with the keep·b of the highest fresh scores, so ⌈keep·N⌉ in an epoch. No second forward
 * pass, no score that is out of date. Every weight and w̄ are 1: a biased plan. Selective-Backprop
 * (Jiang et al. 2019, arXiv 1910.00762), with the ranking exact instead of sampled. Relative scores
 * rank a step as absolute ones do; balanced, every class keeps the same share of an epoch.
 *
 * @param keep share of each batch that goes backward
 */
record BatchChoice(PolicyOptions options, double keep, Filtering filtering) implements SievePolicy {
  static BatchChoice of(PolicyOptions options) {
    double keep = options.share("keep", 0.5, PolicyOptions.Range.ABOVE_ZERO);
    return new BatchChoice(options, keep, options.filtering(1));
  }

  @Override
  public boolean unbiased() {
    return false;
  }

  @Override
  public double backwardShare() {
    return keep;
  }

  @Override
  public String asked() {
    return "keep the top " + Percent.of(keep) + " of each batch";
  }

  /** Unless steps have fewer than 1/keep samples, of which one goes backward all the same. */
  @Override
  public int leastKept(int samples) {
    return Share.ceil(keep, samples);
  }

  @Override
  public int mostKept(int samples) {
    return samples;
  }

  @Override
  public Selection select(Candidates candidates) {
    return Selection.unweighted(candidates.order());
  }
}
