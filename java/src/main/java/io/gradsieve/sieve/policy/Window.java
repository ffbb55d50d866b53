package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.Share;

/**
 * {@code window}: the samples whose rank lies in a window over the scores, which slides from easy
 * to hard and wraps at the end. Every weight and w̄ are 1: a biased plan. After SeTa (Zhou et al.
 * 2025, arXiv 2503.13385), by rank instead of by cluster.
 *
 * @param width share of the samples in the window
 */
record Window(PolicyOptions options, double width, Filtering filtering) implements SievePolicy {
  /**
   * Epochs in which the window goes round once: each sample is in it in {@code width} of them, so
   * none is out of it for long.
   */
  private static final int ROUND = 5;

  static Window of(PolicyOptions options) {
    double width = options.share("width", 0.6, PolicyOptions.Range.ABOVE_ZERO);
    return new Window(options, width, options.filtering(1));
  }

  @Override
  public boolean unbiased() {
    return false;
  }

  @Override
  public String asked() {
    return "keep a window of " + Percent.of(width) + " of the samples";
  }

  @Override
  public int leastKept(int samples) {
    return Share.ceil(width, samples);
  }

  @Override
  public Selection select(Candidates candidates) {
    float[] scores = candidates.scores();
    int[] order = candidates.order();
    int unscored = Largest.unscored(scores);
    int scored = scores.length - unscored;
    int size = Math.max(0, Math.min(scored, candidates.count(width) - unscored));
    int place = (candidates.context().epoch() - filtering.from()) % ROUND;
    int start = (int) ((long) scored * place / ROUND);
    int end = start + size;
    // Ranks from..to-1, counted from the lowest score, are the top (scored − from) without the top
    // (scored − to).
    boolean[] kept = Largest.of(scores, order, scored - start);
    boolean[] above = Largest.of(scores, order, scored - Math.min(end, scored));
    boolean[] wrapped = Largest.of(scores, order, scored - Math.max(end - scored, 0));
    for (int j = 0; j < kept.length; j++) {
      kept[j] = Float.isNaN(scores[j]) || kept[j] && !above[j] || !wrapped[j];
    }
    return Selection.marked(order, kept);
  }
}
