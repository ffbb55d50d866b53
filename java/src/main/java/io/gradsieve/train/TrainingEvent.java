package io.gradsieve.train;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What happened in a run, as a value that any thread may keep. Numbers count the events of a run
 * from 0, in the order in which they happened.
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
   * A filter has learned from the scores.
   *
   * @param epoch that begins
   * @param correlation rank correlation with scores held out; empty if those were too few
   * @param seconds it took
   */
  record FilterLearned(long number, int epoch, Optional<Double> correlation, double seconds)
      implements TrainingEvent {}

  /**
   * An epoch is planned.
   *
   * @param steps of the whole epoch
   * @param planned samples of all of them
   * @param filtered whether it leaves samples out
   * @param lrScale factor of the learning rate
   */
  record EpochStarted(
      long number, int epoch, int steps, int planned, boolean filtered, double lrScale)
      implements TrainingEvent {}

  /**
   * A step is done.
   *
   * @param step of the epoch, from 1
   * @param steps of the whole epoch
   * @param samples of this step
   * @param done samples of the plan, in this epoch so far
   * @param kept samples that went backward, in this epoch so far
   * @param meanLoss ℓ_i of this epoch so far, weighted by the plan
   * @param accuracy of this epoch so far, weighted by the plan
   * @param learningRate before {@code lrScale}
   * @param seconds in steps of this epoch so far
   * @param secondsLeft until the end of the run
   */
  record StepFinished(
      long number,
      int epoch,
      int step,
      int steps,
      int samples,
      long done,
      long kept,
      double meanLoss,
      double accuracy,
      double learningRate,
      double seconds,
      double secondsLeft)
      implements TrainingEvent, StepValues {}

  /**
   * Samples left out of the epoch were scored.
   *
   * @param samples how many
   * @param seconds it took
   */
  record Rescored(long number, int epoch, int samples, double seconds) implements TrainingEvent {}

  /**
   * The network was evaluated; what there was no samples for is empty.
   *
   * @param recalibrated accuracy on the test part with running statistics measured anew
   */
  record Evaluated(
      long number,
      int epoch,
      Optional<Evaluation> validation,
      Optional<Evaluation> test,
      Optional<Double> recalibrated)
      implements TrainingEvent {}

  /** An epoch is done and, where that was due, evaluated. */
  record EpochFinished(long number, EpochMetrics metrics) implements TrainingEvent {}

  /** A checkpoint is on disk, whole; {@code step} 0: after the epoch. */
  record CheckpointSaved(long number, int epoch, int step, Path path) implements TrainingEvent {}

  /** Something that a user should know, in one line. */
  record Warning(long number, String text) implements TrainingEvent {}

  /** The run was asked to stop and can be resumed; {@code step} 0: after the epoch. */
  record Interrupted(long number, int epoch, int step) implements TrainingEvent {}

  /** The last event of a run that ended by itself or was asked to stop. */
  record RunFinished(long number, TrainingResult result) implements TrainingEvent {}
}
