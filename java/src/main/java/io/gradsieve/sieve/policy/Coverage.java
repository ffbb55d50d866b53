package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.Share;
import io.gradsieve.sieve.Strata;

/**
 * {@code coverage}: the hardest samples are dropped, and of the rest the same is taken from every
 * one of {@link Strata}. Fresh in every epoch; every weight and w̄ are 1: a biased plan. CCS (Zheng
 * et al. 2023, arXiv 2210.15809).
 *
 * @param keep share of the samples that is kept
 * @param bins strata
 * @param cut share of the samples that is dropped as too hard, if enough remain
 */
record Coverage(PolicyOptions options, double keep, int bins, double cut, Filtering filtering)
    implements SievePolicy {
  static Coverage of(PolicyOptions options) {
    double keep = options.share("keep", 0.5, PolicyOptions.Range.ABOVE_ZERO);
    int bins = options.whole("bins", Strata.BINS);
    double cut = options.share("cut", Strata.CUT, PolicyOptions.Range.CLOSED);
    return new Coverage(options, keep, bins, cut, options.filtering(1));
  }

  @Override
  public boolean unbiased() {
    return false;
  }

  @Override
  public String asked() {
    return "keep " + Percent.of(keep) + " of the samples from all strata of scores";
  }

  @Override
  public int leastKept(int samples) {
    return Share.ceil(keep, samples);
  }

  @Override
  public Selection select(Candidates candidates) {
    float[] scores = candidates.scores();
    int unscored = Largest.unscored(scores);
    int scored = scores.length - unscored;
    int budget = Math.max(0, Math.min(scored, candidates.count(keep) - unscored));
    int dropped = Strata.hardest(cut, scores.length, scored, budget);
    boolean[] hardest = Largest.of(scores, candidates.order(), dropped);
    boolean[] kept =
        Strata.choose(scores.length, j -> hardest[j] ? Float.NaN : scores[j], bins, budget);
    Largest.addUnscored(scores, kept);
    return Selection.marked(candidates.order(), kept);
  }
}
