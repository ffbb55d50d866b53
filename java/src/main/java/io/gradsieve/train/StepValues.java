package io.gradsieve.train;

import io.gradsieve.train.TrainingEvent.StepFinished;

/**
 * What a step came to, as {@link StepFinished} says: either such a record, or the loop's own
 * numbers, which are read in place so that a step allocates nothing and change with the next one.
 */
public sealed interface StepValues permits StepFinished, LastStep {
  long number();

  int epoch();

  int step();

  int steps();

  int samples();

  long done();

  long kept();

  double meanLoss();

  double accuracy();

  double learningRate();

  double seconds();

  double secondsLeft();

  /** The same as a value to keep. */
  default StepFinished copy() {
    return new StepFinished(
        number(),
        epoch(),
        step(),
        steps(),
        samples(),
        done(),
        kept(),
        meanLoss(),
        accuracy(),
        learningRate(),
        seconds(),
        secondsLeft());
  }
}
