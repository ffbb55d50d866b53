package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.Share;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * {@code coverage}: the hardest samples are dropped, the rest falls into strata of equal width in
 * the score, and each stratum gives as many of its samples as its share of the budget, the smallest
 * first, so that what they lack goes to the larger ones. Fresh in every epoch; every weight and w̄
 * are 1: a biased plan. CCS (Zheng et al. 2023, arXiv 2210.15809).
 *
 * @param keep share of the samples that is kept
 * @param bins strata
 * @param cut share of the samples that is dropped as too hard, if enough remain
 */
record Coverage(PolicyOptions options, double keep, int bins, double cut, Filtering filtering)
    implements SievePolicy {
  static Coverage of(PolicyOptions options) {
    double keep = options.share("keep", 0.5, PolicyOptions.Range.ABOVE_ZERO);
    int bins = options.whole("bins", 50);
    double cut = options.share("cut", 0.05, PolicyOptions.Range.CLOSED);
    return new Coverage(options, keep, bins, cut, options.filtering(1));
  }

  @Override
  public boolean needsScores() {
    return true;
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
  public int mostKept(int samples) {
    return leastKept(samples);
  }

  @Override
  public Selection select(Candidates candidates) {
    float[] scores = candidates.scores();
    int unscored = Largest.unscored(scores);
    int scored = scores.length - unscored;
    int budget = Math.max(0, Math.min(scored, candidates.count(keep) - unscored));
    int dropped = Math.min(Share.floor(cut, scores.length), scored - budget);
    boolean[] hardest = Largest.of(scores, candidates.order(), dropped);
    boolean[] chosen = strata(scores, hardest).choose(budget);
    Largest.addUnscored(scores, chosen);
    return Selection.marked(candidates.order(), chosen);
  }

  private Strata strata(float[] scores, boolean[] dropped) {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < scores.length; j++) {
      if (!dropped[j] && !Float.isNaN(scores[j])) {
        low = Math.min(low, scores[j]);
        high = Math.max(high, scores[j]);
      }
    }
    double width = (high - low) / bins;
    int[] stratum = new int[scores.length];
    for (int j = 0; j < scores.length; j++) {
      boolean out = dropped[j] || Float.isNaN(scores[j]);
      int place = width > 0 ? (int) ((scores[j] - low) / width) : 0;
      stratum[j] = out ? -1 : Math.min(place, bins - 1);
    }
    return new Strata(stratum, bins);
  }

  /** The stratum of each shuffled sample, −1 for none. */
  private record Strata(int[] stratum, int bins) {
    /** Marks so many samples, of each stratum the first: they are shuffled. */
    boolean[] choose(int budget) {
      int[] sizes = new int[bins];
      for (int s : stratum) {
        if (s >= 0) {
          sizes[s]++;
        }
      }
      int[] quotas = quotas(sizes, budget);
      boolean[] chosen = new boolean[stratum.length];
      for (int j = 0; j < stratum.length; j++) {
        chosen[j] = stratum[j] >= 0 && quotas[stratum[j]]-- > 0;
      }
      return chosen;
    }

    private static int[] quotas(int[] sizes, int budget) {
      int[] quotas = new int[sizes.length];
      int[] smallestFirst =
          IntStream.range(0, sizes.length)
              .boxed()
              .sorted(Comparator.<Integer>comparingInt(s -> sizes[s]).thenComparing(s -> s))
              .mapToInt(Integer::intValue)
              .toArray();
      int left = budget;
      for (int i = 0; i < sizes.length; i++) {
        int s = smallestFirst[i];
        quotas[s] = Math.min(sizes[s], left / (sizes.length - i));
        left -= quotas[s];
      }
      return quotas;
    }
  }
}
