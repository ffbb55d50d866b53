package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.Share;
import java.util.Arrays;

/**
 * {@code learned}: a small network learns from the scores of some samples what rank a sample's
 * score has among all; the M = ⌈keep·N⌉ samples of the highest predicted rank are kept, of equal
 * ranks those with the lower index. Samples that were scored go by their predicted rank like all
 * others. Every weight and w̄ are 1: a biased plan. While nothing has learned, which is only in the
 * first epoch of {@code from=1}, the samples that will teach are trained on, and no others.
 *
 * @param keep share of the samples that is kept
 * @param sample share of the samples whose scores teach
 */
record Learned(PolicyOptions options, double keep, double sample, Filtering filtering)
    implements SievePolicy {
  static Learned of(PolicyOptions options) {
    double keep = options.share("keep", 0.6, PolicyOptions.Range.ABOVE_ZERO);
    double sample = options.share("sample", 0.2, PolicyOptions.Range.ABOVE_ZERO);
    return new Learned(options, keep, sample, options.filtering(1));
  }

  @Override
  public boolean unbiased() {
    return false;
  }

  @Override
  public double learnsFrom() {
    return sample;
  }

  @Override
  public String asked() {
    return "keep the top "
        + Percent.of(keep)
        + " of the samples, as the scores of "
        + Percent.of(sample)
        + " predict";
  }

  @Override
  public int leastKept(int samples) {
    return Share.ceil(filtering.from() == 1 ? Math.min(keep, sample) : keep, samples);
  }

  @Override
  public int mostKept(int samples) {
    return Share.ceil(filtering.from() == 1 ? Math.max(keep, sample) : keep, samples);
  }

  @Override
  public Selection select(Candidates candidates) {
    float[] ranks = candidates.predictedRanks();
    int[] order = candidates.order();
    if (ranks.length == 0) {
      return Selection.unweighted(Arrays.copyOf(order, candidates.count(sample)));
    }
    return Selection.marked(order, Largest.of(ranks, order, candidates.count(keep)));
  }
}
