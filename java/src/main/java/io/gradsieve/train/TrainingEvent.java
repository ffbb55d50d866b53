package io.gradsieve.train;

/**
 * What happened in a run, as a value that any thread may keep; from an {@link EventStream}. Numbers
 * count all events of a run from 0, those that were dropped included.
 */
public sealed interface TrainingEvent {
  /** How many events came before it. */
  long number();

  /**
   * Data and network are ready.
   *
   * @param samples of the training part
   * @param parameters trainable ones
   * @param epochs the run is to have
   * @param resumedEpoch the epoch in progress or finished where it goes on, 0 at the start
   * @param resumedStep steps of that epoch that are done
   */
  record RunStarted(
      long number, int samples, long parameters, int epochs, int resumedEpoch, int resumedStep)
      implements TrainingEvent {}

  /**
   * An epoch is planned.
   *
   * @param steps of the whole epoch
   * @param candidates samples that its plan takes
   * @param filtered whether it leaves samples out
   * @param lrScale factor of the learning rate
   */
  record EpochStarted(
      long number, int epoch, int steps, int candidates, boolean filtered, double lrScale)
      implements TrainingEvent {}

  /**
   * A step is done.
   *
   * @param step of the epoch, from 1
   * @param steps of the whole epoch
   * @param done samples of the plan, in this epoch so far
   * @param kept samples that went backward, in this epoch so far
   * @param meanLoss ℓ_i of this epoch so far, weighted by the plan
   * @param accuracy of this epoch so far, weighted by the plan
   * @param learningRate before {@code lrScale}
   * @param seconds in steps of this epoch so far
   */
  record StepFinished(
      long number,
      int epoch,
      int step,
      int steps,
      long done,
      long kept,
      double meanLoss,
      double accuracy,
      double learningRate,
      double seconds)
      implements TrainingEvent {}

  /** An epoch is done and, where that was due, evaluated. */
  record EpochFinished(long number, EpochMetrics metrics) implements TrainingEvent {}

  /** The run was asked to stop and can be resumed; {@code step} 0: after the epoch. */
  record Interrupted(long number, int epoch, int step) implements TrainingEvent {}

  /** The last event of a run that ended by itself or was asked to stop. */
  record RunFinished(long number, TrainingResult result) implements TrainingEvent {}
}
