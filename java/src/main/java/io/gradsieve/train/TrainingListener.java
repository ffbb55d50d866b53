package io.gradsieve.train;

import io.gradsieve.train.TrainingEvent.CheckpointSaved;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingEvent.EpochStarted;
import io.gradsieve.train.TrainingEvent.Evaluated;
import io.gradsieve.train.TrainingEvent.FilterLearned;
import io.gradsieve.train.TrainingEvent.Interrupted;
import io.gradsieve.train.TrainingEvent.Rescored;
import io.gradsieve.train.TrainingEvent.RunFinished;
import io.gradsieve.train.TrainingEvent.RunStarted;
import io.gradsieve.train.TrainingEvent.Warning;

/**
 * Who follows a run: progress, profile, a page. The whole of training, and what is told when, is
 *
 * <pre>
 * load data, build network, or restore both from a checkpoint
 * runStarted
 * for each epoch:
 *   let a filter learn from the scores, if the policy wants one and none has   filterLearned
 *   plan the epoch: which samples, with which weights, in which batches        warned, if it is empty
 *   epochStarted
 *   for each batch of the plan:
 *     for each micro-batch of it that memory holds (mostly one):
 *       load; augment                                            (what is augmented: in the background)
 *       forward; choose, if the policy does so in a step
 *       backward with each sample's gradient norm; after the last micro-batch update
 *       record each sample's loss, scores and norm               microBatchFinished
 *     stepFinished
 *   score what was left out, if the policy looks at it again     rescored
 *   evaluate on validation and test part                         evaluated
 *   epochFinished; write metrics, save a checkpoint if due       checkpointSaved
 *   asked to stop, in place of all that follows the step:
 *     interrupted; save a checkpoint                             checkpointSaved
 * runFinished; write the results
 * </pre>
 *
 * Listeners are called on the trainer's thread, in the order they were given; what one throws ends
 * the run. What they get are values that may be kept and read on any thread, but for a step's
 * ({@link StepValues}). Who wants to follow a run from another thread gives an {@link EventStream};
 * what must not miss anything of a run, and read its weights, is a {@link Recorder}.
 */
public interface TrainingListener {
  default void runStarted(RunStarted event) {}

  default void filterLearned(FilterLearned event) {}

  default void epochStarted(EpochStarted event) {}

  /**
   * Called after every micro-batch, before {@link #stepFinished}, and under the same rules.
   *
   * @param samples of it
   */
  default void microBatchFinished(int samples) {}

  /**
   * Called after every step: must not allocate. The next step may run already.
   *
   * @param step its values, until the call returns; {@link StepValues#copy} is for keeps
   */
  default void stepFinished(StepValues step) {}

  default void rescored(Rescored event) {}

  default void evaluated(Evaluated event) {}

  default void epochFinished(EpochFinished event) {}

  default void checkpointSaved(CheckpointSaved event) {}

  default void warned(Warning event) {}

  /**
   * The step asked to be the last one is done, or the epoch where the step is 0; the run goes on
   * from here when resumed.
   */
  default void interrupted(Interrupted event) {}

  default void runFinished(RunFinished event) {}
}
