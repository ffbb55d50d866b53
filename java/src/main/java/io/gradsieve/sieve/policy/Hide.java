package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.Share;
import io.gradsieve.sieve.Steps;

/**
 * {@code hide}: of the lowest scores, at most a fraction of all samples, those are hidden that the
 * network gets right and is sure of. A hidden sample is scored by a forward pass after the epoch,
 * so it comes back when it is forgotten. Every weight and w̄ are 1: a biased plan, whose rate is
 * raised by 1/(1−F), F the share really hidden, where it has fewer steps. KAKURENBO (Nguyen et al.
 * 2023, arXiv 2310.10102).
 *
 * @param fraction of the samples that may be hidden at first; falls in steps
 * @param sure least probability of the label that hides a sample
 */
record Hide(PolicyOptions options, double fraction, double sure, Filtering filtering)
    implements SievePolicy {
  /**
   * Shares of the run after which the fraction falls, and what is left of it then: as published.
   */
  private static final double[] FALLS = {0.3, 0.6, 0.8};

  private static final double[] LEFT = {1, 0.8, 0.6, 0.4};

  static Hide of(PolicyOptions options) {
    double fraction = options.share("fraction", 0.3, PolicyOptions.Range.BELOW_ONE);
    double sure = options.share("sure", 0.7, PolicyOptions.Range.CLOSED);
    return new Hide(options, fraction, sure, options.filtering(1));
  }

  @Override
  public boolean unbiased() {
    return false;
  }

  /** What may be hidden falls at shares of the run. */
  @Override
  public boolean needsEpochs() {
    return true;
  }

  @Override
  public boolean rescores() {
    return true;
  }

  @Override
  public String asked() {
    return "hide at most " + Percent.of(fraction) + " of the samples";
  }

  @Override
  public int leastKept(int samples) {
    return samples - Share.floor(fraction, samples);
  }

  @Override
  public int mostKept(int samples) {
    return samples;
  }

  /** 1/(1−F). */
  @Override
  public double lrScale(int kept, EpochContext context) {
    return filtering.steps() == Steps.FEWER ? (double) context.samples() / kept : 1;
  }

  @Override
  public Selection select(Candidates candidates) {
    float[] scores = candidates.scores();
    int scored = scores.length - Largest.unscored(scores);
    int most = Share.floor(fraction(candidates.context()), scores.length);
    int[] order = candidates.order();
    boolean[] kept = Largest.of(scores, order, scored - Math.min(scored, most));
    for (int j = 0; j < kept.length; j++) {
      boolean known = candidates.right(order[j]) && candidates.confidence(order[j]) >= sure;
      kept[j] |= Float.isNaN(scores[j]) || !known;
    }
    return Selection.marked(order, kept);
  }

  private double fraction(EpochContext context) {
    int step = 0;
    while (step < FALLS.length
        && context.epoch() - 1 >= Share.ceil(FALLS[step], context.epochs())) {
      step++;
    }
    return fraction * LEFT[step];
  }
}
