package io.gradsieve.train;

import io.gradsieve.Internal;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.data.Batch;
import io.gradsieve.data.BatchLoader;

/**
 * Passes over samples as they are, in their order, that learn nothing: no augmentation, weights of
 * 1, no update.
 */
@Internal
public final class ForwardPass {
  private final CompiledStep step;
  private final Batches batches;
  private final Workers workers;

  /**
   * A pass.
   *
   * @param workers whose requests to stop end it between two batches, one in training mode only if
   *     all have agreed: workers may meet in each of its batches
   */
  ForwardPass(CompiledStep step, Batches batches, Workers workers) {
    this.step = step;
    this.batches = batches;
    this.workers = workers;
  }

  /** Takes the results of one batch; {@code first} is the row of its first sample. */
  @FunctionalInterface
  public interface Visitor {
    void batch(int first, Batch batch, StepRecords records);
  }

  /**
   * Evaluation mode: running statistics, nothing drawn, every sample by itself.
   *
   * @param backward whether gradients and their norms are wanted too
   * @return whether it came to its end; false if asked to stop before it
   * @throws io.gradsieve.GradsieveException.Diverged if a result is not finite; another pass may
   *     follow
   */
  boolean evaluate(int[] samples, boolean backward, Visitor visitor) {
    BatchLoader loader = batches.plain(samples, samples.length);
    return run(loader, samples, Mode.EVALUATION, backward, 0, 0, visitor);
  }

  /**
   * Training mode, where several workers each have a part of the samples; replaces the running
   * statistics of batch norm by the mean of the batches' own: the k-th batch has momentum 1/k.
   * Weights stay as they are.
   *
   * @param largest the most samples that a worker has: all take as many batches
   */
  void recalibrate(int[] samples, int largest, long seed, int epoch) {
    BatchLoader loader = batches.plain(samples, largest);
    run(loader, samples, Mode.TRAINING, false, seed, epoch, (first, batch, records) -> {});
  }

  private boolean run(
      BatchLoader loader,
      int[] samples,
      Mode mode,
      boolean backward,
      long seed,
      int epoch,
      Visitor visitor) {
    StopRequest own = mode == Mode.TRAINING ? workers.stop() : workers.asked();
    int first = 0;
    for (int k = 1; loader.hasNext() && !own.asked() && !workers.stop().asked(); k++) {
      Batch batch = loader.next();
      try {
        double momentum = mode == Mode.TRAINING ? 1.0 / k : 0;
        step.begin(batches.input(batch), batch.size(), mode, seed, epoch, momentum);
        step.forward();
        if (backward) {
          step.backward();
        }
        batches.await(batch);
        workers.worked();
        visitor.batch(first, batch, step.records());
      } finally {
        loader.release(batch);
      }
      first += batch.size();
    }
    if (first < samples.length) {
      Batches.stop(loader);
    }
    return first == samples.length;
  }
}
