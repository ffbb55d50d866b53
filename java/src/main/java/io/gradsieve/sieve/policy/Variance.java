package io.gradsieve.sieve.policy;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.Share;
import java.util.Arrays;

/**
 * {@code variance}: sample i is kept with probability p_i = min(1, max(floor, c·s_i)), Σ p = M =
 * ⌈keep·N⌉, and weighs 1/p_i; w̄ = N/M. Of all unbiased plans of that size it has the least
 * variance, if s is the gradient's exact norm (the classic optimum of importance sampling, Zhao and
 * Zhang 2015, arXiv 1401.2753, here without replacement and with a floor). One systematic draw over
 * the epoch's shuffled order: exactly M are kept, and every stretch of the order gets its share.
 *
 * @param keep share of the epoch's samples that is kept
 * @param floor least probability of a sample, so that no weight exceeds 1/floor
 * @param unscoredAsMean whether a sample that was never scored counts as one of the mean score, so
 *     that the first epoch can be filtered too; else it is kept for certain
 */
record Variance(
    PolicyOptions options, double keep, double floor, boolean unscoredAsMean, Filtering filtering)
    implements SievePolicy {
  /** The largest weight is 10 unless the user says otherwise. */
  private static final double FLOOR = 0.1;

  /** One, in the fixed point of the draw; a probability under 1/UNIT counts as none. */
  private static final long UNIT = 1L << 32;

  static Variance of(PolicyOptions options) {
    double keep = options.share("keep", 0.5, PolicyOptions.Range.ABOVE_ZERO);
    double floor = options.share("floor", Math.min(FLOOR, keep), PolicyOptions.Range.CLOSED);
    if (floor > keep) {
      throw options.contradiction("floor", "must not exceed keep");
    }
    boolean asMean = options.word("unscored", "keep", "mean").equals("mean");
    return new Variance(options, keep, floor, asMean, options.filtering(1));
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
    float[] scores = candidates.scores();
    if (unscoredAsMean) {
      fillWithMean(scores);
    }
    int kept = Math.max(1, candidates.count(keep));
    InclusionProbabilities p = InclusionProbabilities.solve(scores, kept, floor);
    return draw(scores, p, candidates.order(), candidates.draws());
  }

  /** Gives the unscored (NaN) the mean of the scored; any score will do where there are none. */
  private static void fillWithMean(float[] scores) {
    double scored = Candidates.mean(scores);
    float mean = Double.isNaN(scored) ? 1 : (float) scored;
    for (int i = 0; i < scores.length; i++) {
      scores[i] = Float.isNaN(scores[i]) ? mean : scores[i];
    }
  }

  /**
   * Systematic sampling in fixed point: thresholds one unit apart, the first at random, are laid
   * over the running sum of the probabilities; a sample is kept if one falls into its share. Each
   * probability is rounded to 2^-32, its remainder carried to the next, so that the sum is M but
   * for a few units, which the last sample makes good.
   */
  private static Selection draw(
      float[] scores, InclusionProbabilities p, int[] samples, RandomBits draws) {
    int kept = p.sum();
    int[] order = new int[kept];
    float[] weights = new float[kept];
    long toNext = draws.bits(0) >>> 32;
    double carry = 0;
    int next = 0;
    int lastLeft = -1;
    for (int k = 0; k < samples.length && next < kept; k++) {
      double probability = p.of(scores[k]);
      if (probability < 1.0 / UNIT) {
        continue;
      }
      double exact = probability * UNIT + (probability < 1 ? carry : 0);
      long share = Math.min(UNIT, (long) (exact + 0.5));
      carry = probability < 1 ? exact - share : carry;
      toNext -= share;
      // No branch on whether it is kept: that cannot be guessed. A sample that is not is
      // overwritten.
      int taken = (int) (toNext >>> 63);
      toNext += taken * UNIT;
      order[next] = samples[k];
      weights[next] = (float) (1 / probability);
      next += taken;
      lastLeft = taken == 0 ? k : lastLeft;
    }
    if (next == kept - 1 && lastLeft >= 0) {
      order[next] = samples[lastLeft];
      weights[next++] = (float) (1 / p.of(scores[lastLeft]));
    }
    return new Selection(
        Arrays.copyOf(order, next), Arrays.copyOf(weights, next), (double) scores.length / kept);
  }
}
