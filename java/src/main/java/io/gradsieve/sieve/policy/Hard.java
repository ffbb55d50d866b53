package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.ScoreTable;
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
  public boolean needsScores() {
    return true;
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
  public int mostKept(int samples) {
    return leastKept(samples);
  }

  @Override
  public Selection select(ScoreTable table, EpochContext context) {
    int samples = context.samples();
    float[] candidates = new float[samples];
    boolean[] chosen = new boolean[samples];
    float[] scores = table.scores(context.score());
    int scored = 0;
    int unscored = 0;
    for (int i = 0; i < samples; i++) {
      if (!table.kept(i)) {
        continue;
      }
      if (Float.isNaN(scores[i])) {
        chosen[i] = true;
        unscored++;
      } else {
        candidates[scored++] = scores[i];
      }
    }
    int wanted = Math.min(scored, Math.max(0, leastKept(samples) - unscored));
    if (wanted > 0) {
      chooseTop(table, scores, chosen, TopThreshold.of(candidates, scored, wanted));
    }
    return Selection.unweighted(inOrder(SievePolicy.shuffle(context), chosen, wanted + unscored));
  }

  private static void chooseTop(
      ScoreTable table, float[] scores, boolean[] chosen, TopThreshold threshold) {
    int ties = threshold.ties();
    for (int i = 0; i < scores.length; i++) {
      if (!table.kept(i) || Float.isNaN(scores[i])) {
        continue;
      }
      if (scores[i] > threshold.value()) {
        chosen[i] = true;
      } else if (scores[i] == threshold.value() && ties > 0) {
        chosen[i] = true;
        ties--;
      }
    }
  }

  private static int[] inOrder(int[] shuffled, boolean[] chosen, int count) {
    int[] order = new int[count];
    int next = 0;
    for (int sample : shuffled) {
      if (chosen[sample]) {
        order[next++] = sample;
      }
    }
    return order;
  }
}
