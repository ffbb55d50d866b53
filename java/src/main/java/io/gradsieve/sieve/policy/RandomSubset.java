package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.Share;
import java.util.Arrays;

/**
 * {@code random}: a fresh uniform subset each epoch, weight N/M, w̄ = N/M. Looks at no score: the
 * control every other policy has to beat (RS2, Okanovic et al. 2023, arXiv 2305.18424).
 *
 * @param keep M = ⌈keep·N⌉
 */
record RandomSubset(PolicyOptions options, double keep, Filtering filtering)
    implements SievePolicy {
  static RandomSubset of(PolicyOptions options) {
    double keep = options.share("keep", 0.6, PolicyOptions.Range.ABOVE_ZERO);
    return new RandomSubset(options, keep, options.filtering(1));
  }

  @Override
  public boolean needsScores() {
    return false;
  }

  @Override
  public boolean unbiased() {
    return true;
  }

  @Override
  public String asked() {
    return "keep " + Percent.of(keep) + " of the samples";
  }

  @Override
  public int leastKept(int samples) {
    return Share.ceil(keep, samples);
  }

  @Override
  public Selection select(Candidates candidates) {
    int kept = Math.max(1, candidates.count(keep));
    double weight = (double) candidates.size() / kept;
    float[] weights = new float[kept];
    Arrays.fill(weights, (float) weight);
    return new Selection(Arrays.copyOf(candidates.order(), kept), weights, weight);
  }
}
