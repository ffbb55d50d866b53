package io.gradsieve.train;

import io.gradsieve.Internal;
import io.gradsieve.optim.GradientNoiseScale;

/**
 * What an epoch's training has come to so far.
 *
 * @param weight Σ w_i over the samples that went forward
 * @param loss Σ w_i ℓ_i
 * @param correct Σ w_i over the samples predicted right
 * @param kept samples backpropagated
 * @param forwardOnly samples that were only scored
 * @param seconds in steps
 * @param learningSeconds in which a filter learned for this epoch: no measure of its pace
 * @param warmSeconds in steps without the first tenth of them, which a cold start slows down
 * @param warmKept samples of those
 * @param learningRate of the last step, without {@code lr_scale}
 * @param noise of the steps so far; without norms, or of a biased plan, of none
 */
@Internal
public record EpochFigures(
    double weight,
    double loss,
    double correct,
    long kept,
    long forwardOnly,
    double seconds,
    double learningSeconds,
    double warmSeconds,
    long warmKept,
    double learningRate,
    GradientNoiseScale.Sums noise) {

  /** Of an epoch that begins. */
  static final EpochFigures NONE =
      new EpochFigures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, GradientNoiseScale.Sums.NONE);

  /** Mean ℓ_i so far, weighted by the plan, so that it estimates the full data's. */
  public double meanLoss() {
    return mean(loss, weight);
  }

  /** Share predicted right so far, weighted by the plan. */
  public double accuracy() {
    return mean(correct, weight);
  }

  /** A weighted mean; 0 of nothing. */
  static double mean(double sum, double weight) {
    return weight == 0 ? 0 : sum / weight;
  }
}
