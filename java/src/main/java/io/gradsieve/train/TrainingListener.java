package io.gradsieve.train;

/**
 * What happens around the loop: progress, metrics, checkpoints, score files. The whole of training
 * is
 *
 * <pre>
 * load data, build network, or restore both from a checkpoint
 * runStarted
 * for each epoch:
 *   let a filter learn from the scores, if the policy wants one and none has   (learned)
 *   plan the epoch: which samples, with which weights, in which batches        (sieve)
 *   epochStarted
 *   for each batch of the plan:
 *     for each part of the batch that memory holds (mostly one):
 *       load; augment                                            (what is augmented: in the background)
 *       forward, backward with each sample's gradient norm; after the last part update
 *       record each sample's loss, scores and norm                             (table)
 *       partFinished
 *     stepFinished
 *     if asked to stop: interrupted; return
 *   evaluate on validation and test part
 *   epochFinished
 * runFinished
 * </pre>
 *
 * Listeners are called on the trainer's thread, in the order they were given; what one throws ends
 * the run. Who wants to follow a run from another thread gives an {@link EventStream}.
 */
public interface TrainingListener {
  /** Data and network are ready; {@code state} may come from a checkpoint. */
  default void runStarted(TrainingState state) {}

  default void epochStarted(TrainingState state) {}

  /** Called after every part of a step, before {@link #stepFinished}, and under the same rules. */
  default void partFinished(TrainingState state) {}

  /**
   * Called after every step: must not allocate. The next step may run already, so the weights are
   * not at rest here; they are in all other calls.
   */
  default void stepFinished(TrainingState state) {}

  /**
   * The step asked to be the last one is done, or the epoch where the step is 0; the run goes on
   * from here when resumed.
   */
  default void interrupted(TrainingState state) {}

  default void epochFinished(TrainingState state, EpochMetrics metrics) {}

  default void runFinished(TrainingState state, TrainingResult result) {}
}
