package io.gradsieve.train;

import io.gradsieve.optim.GradientNoiseScale;

/** Adds up what the steps of an epoch measure: {@link EpochFigures} that grow. */
final class EpochAccount {
  private final GradientNoiseScale noise = new GradientNoiseScale();
  private double weight;
  private double loss;
  private double correct;
  private long kept;
  private long forwardOnly;
  private double seconds;
  private double learningSeconds;
  private double warmSeconds;
  private long warmKept;
  private double learningRate;

  /** Σ ‖term_i‖² of the step in progress. */
  private double squares;

  /** Goes on from figures. */
  void set(EpochFigures from) {
    weight = from.weight();
    loss = from.loss();
    correct = from.correct();
    kept = from.kept();
    forwardOnly = from.forwardOnly();
    seconds = from.seconds();
    learningSeconds = from.learningSeconds();
    warmSeconds = from.warmSeconds();
    warmKept = from.warmKept();
    learningRate = from.learningRate();
    noise.set(from.noise());
  }

  /** An epoch begins, for which a filter learned so long. */
  void begin(double seconds) {
    set(EpochFigures.NONE);
    learningSeconds = seconds;
  }

  /** Takes what was counted, but no times, from figures. */
  void recount(EpochFigures from) {
    EpochFigures now = figures();
    set(from);
    seconds = now.seconds();
    learningSeconds = now.learningSeconds();
    warmSeconds = now.warmSeconds();
    warmKept = now.warmKept();
  }

  /** What the epoch has come to. */
  EpochFigures figures() {
    return new EpochFigures(
        weight,
        loss,
        correct,
        kept,
        forwardOnly,
        seconds,
        learningSeconds,
        warmSeconds,
        warmKept,
        learningRate,
        noise.sums());
  }

  /** Adds the results of a micro-batch. */
  void add(MicroBatch batch, MeasuredStep measured) {
    for (int i = 0; i < batch.size(); i++) {
      double w = measured.weight(i);
      weight += w;
      loss += w * measured.loss(i);
      correct += measured.right(i) ? w : 0;
    }
    kept += batch.backward();
    forwardOnly += batch.size() - batch.backward();
    squares = (batch.first() ? 0 : squares) + measured.squares(batch.backward());
  }

  /**
   * Adds a part of one of several workers, until the results of all are here: loss and accuracy are
   * this worker's own, samples those of the whole step.
   */
  void follow(MicroBatch part, MeasuredStep measured, int stepSize) {
    long keptBefore = kept;
    long forwardBefore = forwardOnly;
    add(part, measured);
    kept = keptBefore + (part.last() ? part.backwardOfStep() : 0);
    forwardOnly = forwardBefore + (part.last() ? stepSize - part.backwardOfStep() : 0);
  }

  /**
   * A step of which all is added.
   *
   * @param samples b
   * @param gradient2 ‖Σ term_i‖²
   * @param meanWeight w̄
   * @param unbiased whether its terms estimate those of all samples
   */
  void endStep(
      int samples, double gradient2, double meanWeight, double learningRate, boolean unbiased) {
    if (unbiased) {
      noise.add(samples, squares, gradient2, meanWeight);
    }
    this.learningRate = learningRate;
  }

  /** How long some samples took, and whether the epoch was warm by then. */
  void addTime(int samples, double seconds, boolean warm) {
    this.seconds += seconds;
    if (warm) {
      warmSeconds += seconds;
      warmKept += samples;
    }
  }

  /** Samples that were scored after the steps. */
  void addForwardOnly(int samples) {
    forwardOnly += samples;
  }

  /** As {@link EpochFigures#meanLoss}. */
  double meanLoss() {
    return EpochFigures.mean(loss, weight);
  }

  /** As {@link EpochFigures#accuracy}. */
  double accuracy() {
    return EpochFigures.mean(correct, weight);
  }

  long forwardOnly() {
    return forwardOnly;
  }

  long kept() {
    return kept;
  }

  double seconds() {
    return seconds;
  }

  double learningRate() {
    return learningRate;
  }
}
