package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import java.util.Optional;

/** Loss and accuracy over a part of the data. */
final class Evaluator {
  private final ForwardPass pass;
  private final StopRequest stop;

  Evaluator(ForwardPass pass, StopRequest stop) {
    this.pass = pass;
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
    double[] loss = {0};
    long[] correct = {0};
    pass.evaluate(
        samples,
        false,
        (first, batch, records) -> {
          for (int i = 0; i < batch.size(); i++) {
            loss[0] += records.crossEntropy().get(i);
            correct[0] += (int) records.predicted().get(i) == batch.slot().labels().get(i) ? 1 : 0;
          }
        });
    if (stop.asked()) {
      return Optional.empty();
    }
    double mean = loss[0] / samples.length;
    if (!Double.isFinite(mean)) {
      throw new GradsieveException.Diverged("the loss is not finite in evaluation");
    }
    return Optional.of(new Evaluation(mean, (double) correct[0] / samples.length));
  }
}
