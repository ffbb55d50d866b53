package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.Share;

/**
 * p(s) = min(1, max(floor, c·s)) with c such that Σ p = M over all samples; 1 for the unscored
 * (NaN). Zero scores have a probability of their own, larger than the floor where the positive ones
 * alone cannot reach M.
 *
 * @param slope c
 * @param floor least probability of a positive score
 * @param zero probability of a score of zero
 * @param sum M, at least what unscored samples and floor ask for
 */
record InclusionProbabilities(double slope, double floor, double zero, int sum) {
  private static final double ROUNDING = 1e-12;

  /** The probability of a sample with this score. */
  double of(float score) {
    if (score > 0) {
      return Math.min(1, Math.max(floor, slope * score));
    }
    return score == 0 ? zero : 1;
  }

  /** For scores ≥ 0 or NaN, [N], and 1 ≤ kept ≤ N. */
  static InclusionProbabilities solve(float[] scores, int kept, double floor) {
    float[] positive = new float[scores.length];
    int positives = 0;
    int zeros = 0;
    for (float score : scores) {
      if (score > 0) {
        positive[positives++] = score;
      } else if (score == 0) {
        zeros++;
      }
    }
    int scored = positives + zeros;
    int unscored = scores.length - scored;
    // Where the unscored use up the budget, the plan grows: a sample without a chance would bias
    // the step.
    int least = Math.max(Math.min(1, scored), Share.ceil(floor, scored));
    int budget = Math.min(scored, Math.max(kept - unscored, least));
    int sum = unscored + budget;
    if (budget <= floor * scored * (1 + ROUNDING)) {
      double uniform = scored == 0 ? 1 : Math.max(floor, (double) budget / scored);
      return new InclusionProbabilities(0, uniform, uniform, sum);
    }
    if (budget >= positives + floor * zeros) {
      double zero = zeros == 0 ? 1 : (double) (budget - positives) / zeros;
      return new InclusionProbabilities(Double.POSITIVE_INFINITY, 1, zero, sum);
    }
    double slope = new Slope(positive, positives, floor).solve(budget - floor * zeros);
    return new InclusionProbabilities(slope, floor, floor, sum);
  }

  /**
   * Solves f(c) = Σ min(1, max(floor, c·s)) = target. f grows in c and is linear between its
   * breakpoints, so c is bracketed by bisection; a score whose branch is the same at both ends of
   * the bracket is settled and leaves the list. When all are, the rest is one division. Some passes
   * over the scores in all.
   */
  private static final class Slope {
    /** Above this many scores the slope of so many is a good guess: 570 → 130 ms for 10 million. */
    private static final int SAMPLE = 1 << 16;

    /** Relative; some standard errors of the guess. */
    private static final double MARGIN = 0.1;

    private final float[] open;
    private final double floor;
    private int size;
    private double openSum;
    private double settledLinear;
    private long settledOnes;
    private long settledFloors;
    private double low;
    private double high = Double.POSITIVE_INFINITY;

    /** Takes the first {@code size} of the scores, all positive, and reorders them. */
    Slope(float[] scores, int size, double floor) {
      this.open = scores;
      this.size = size;
      this.floor = floor;
    }

    double solve(double target) {
      if (size > SAMPLE) {
        double guess = guess(target);
        bracket(guess * (1 - MARGIN), target);
        bracket(guess * (1 + MARGIN), target);
      }
      settle();
      double c = high == Double.POSITIVE_INFINITY ? bound(target) : low + (high - low) / 2;
      while (size > 0 && c < high) {
        bracket(c, target);
        settle();
        double middle =
            high == Double.POSITIVE_INFINITY
                ? Math.max(2 * low, bound(target))
                : low + (high - low) / 2;
        c = middle > low ? middle : high;
      }
      return settledLinear > 0 ? linear(target) : low;
    }

    private void bracket(double c, double target) {
      if (!(c > low && c < high)) {
        return;
      }
      if (value(c) <= target) {
        low = c;
      } else {
        high = c;
      }
    }

    /**
     * The solution for an evenly spread part of the scores: two looks beside it settle nearly all.
     */
    private double guess(double target) {
      float[] part = new float[SAMPLE];
      for (int i = 0; i < SAMPLE; i++) {
        part[i] = open[(int) ((long) i * size / SAMPLE)];
      }
      return new Slope(part, SAMPLE, floor).solve(target * SAMPLE / size);
    }

    /** f(c) ≤ ones + Σ over open scores of (floor + c·s), so the solution is not below this. */
    private double bound(double target) {
      return (target - settledOnes - floor * (settledFloors + size)) / openSum;
    }

    /**
     * What is left of the target, divided by the scores on the linear branch; open ones lie on a
     * breakpoint of c = low.
     */
    private double linear(double target) {
      double rest = target - settledOnes - floor * settledFloors;
      for (int i = 0; i < size; i++) {
        rest -= Math.min(1, Math.max(floor, low * open[i]));
      }
      // where the ones use up the target but for less than rounding shows, the rest may be zero
      return Math.min(high, Math.max(low, rest / settledLinear));
    }

    private double value(double c) {
      float[] scores = open;
      double floor = this.floor;
      double value = settledOnes + floor * settledFloors + c * settledLinear;
      for (int i = 0; i < size; i++) {
        value += Math.min(1, Math.max(floor, c * scores[i]));
      }
      return value;
    }

    /** Without branches on the scores: in no order, they would be guessed wrong half the time. */
    private void settle() {
      float[] scores = open;
      double floor = this.floor;
      double low = this.low;
      double high = this.high;
      int left = 0;
      int ones = 0;
      int floors = 0;
      double linear = 0;
      double sum = 0;
      for (int i = 0; i < size; i++) {
        float score = scores[i];
        int one = low * score >= 1 ? 1 : 0;
        int least = high * score <= floor ? 1 - one : 0;
        int between = low * score >= floor ? (high * score <= 1 ? 1 - one - least : 0) : 0;
        int stays = 1 - one - least - between;
        ones += one;
        floors += least;
        linear += between * score;
        sum += stays * score;
        scores[left] = score;
        left += stays;
      }
      settledOnes += ones;
      settledFloors += floors;
      settledLinear += linear;
      openSum = sum;
      size = left;
    }
  }
}
