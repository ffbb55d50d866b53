package io.gradsieve.train;

import io.gradsieve.sieve.EpochPlan;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What there is to say of a finished epoch.
 *
 * @param trainLoss mean of ℓ_i weighted by the plan, which estimates the full data's
 * @param validation empty without that part or where the epoch was not evaluated
 * @param test the same
 * @param recalibratedAccuracy on the test part after one recalibrating pass; only with batch norm
 *     and a biased plan
 * @param samplesSeen candidates of the epoch
 * @param samplesKept those backpropagated
 * @param forwardOnly those only scored
 * @param samplesPerSecond samplesKept over the training seconds
 * @param seconds of the whole epoch
 * @param etaSeconds until the end of the run
 * @param learningRate of the last step, before lrScale
 * @param noiseScale in samples; empty if it is not positive
 */
public record EpochMetrics(
    int epoch,
    double trainLoss,
    double trainAccuracy,
    Optional<Evaluation> validation,
    Optional<Evaluation> test,
    Optional<Double> recalibratedAccuracy,
    long samplesSeen,
    long samplesKept,
    long forwardOnly,
    double samplesPerSecond,
    double seconds,
    double etaSeconds,
    double learningRate,
    double lrScale,
    int batchSize,
    OptionalDouble noiseScale) {

  /** Of an epoch that was just trained; its batches were cut for {@code batchSize}. */
  static EpochMetrics of(
      int epoch,
      EpochFigures figures,
      EpochPlan plan,
      Evaluations last,
      int candidates,
      double seconds,
      double secondsLeft,
      int batchSize) {
    return new EpochMetrics(
        epoch,
        figures.meanLoss(),
        figures.accuracy(),
        last.validation(),
        last.test(),
        last.recalibrated(),
        candidates,
        figures.kept(),
        figures.forwardOnly(),
        figures.seconds() > 0 ? figures.kept() / figures.seconds() : 0,
        seconds,
        secondsLeft,
        figures.learningRate(),
        plan.lrScale(),
        batchSize,
        figures.noise().scale());
  }

  /** samplesKept over samplesSeen. */
  public double keptFraction() {
    return samplesSeen == 0 ? 1 : (double) samplesKept / samplesSeen;
  }
}
