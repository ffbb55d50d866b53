package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.data.Batch;
import io.gradsieve.data.BatchLoader;
import java.util.Optional;

/**
 * Forward passes over a part of the data in evaluation mode: running statistics, no dropout, no
 * augmentation.
 */
final class Evaluator {
  private final CompiledStep step;
  private final Batches batches;
  private final StopRequest stop;

  Evaluator(CompiledStep step, Batches batches, StopRequest stop) {
    this.step = step;
    this.batches = batches;
    this.stop = stop;
  }

  /**
   * Loss and accuracy; empty for no samples, or if asked to stop before the end.
   *
   * @throws GradsieveException.Diverged if the loss is not finite
   */
  Optional<Evaluation> evaluate(int[] samples) {
    if (samples.length == 0) {
      return Optional.empty();
    }
    double loss = 0;
    long correct = 0;
    BatchLoader loader = batches.plain(samples);
    while (loader.hasNext() && !stop.asked()) {
      Batch batch = loader.next();
      step.begin(batches.input(batch), batch.size(), Mode.EVALUATION, 0, 0, 0);
      step.forward();
      batches.await(batch);
      StepRecords records = step.records();
      for (int i = 0; i < batch.size(); i++) {
        loss += records.crossEntropy().get(i);
        correct += (int) records.predicted().get(i) == batch.slot().labels().get(i) ? 1 : 0;
      }
      loader.release(batch);
    }
    if (stop.asked()) {
      Batches.stop(loader);
      return Optional.empty();
    }
    loss /= samples.length;
    if (!Double.isFinite(loss)) {
      throw new GradsieveException.Diverged("the loss is not finite in evaluation");
    }
    return Optional.of(new Evaluation(loss, (double) correct / samples.length));
  }

  /**
   * One pass that replaces the running statistics of batch norm by the mean of the batches' own:
   * the k-th batch has momentum 1/k. Weights stay as they are.
   */
  void recalibrate(int[] samples, long seed, int epoch) {
    BatchLoader loader = batches.plain(samples);
    int k = 0;
    while (loader.hasNext() && !stop.asked()) {
      Batch batch = loader.next();
      k++;
      step.begin(batches.input(batch), batch.size(), Mode.TRAINING, seed, epoch, 1.0 / k);
      step.forward();
      batches.await(batch);
      loader.release(batch);
    }
    if (stop.asked()) {
      Batches.stop(loader);
    }
  }
}
