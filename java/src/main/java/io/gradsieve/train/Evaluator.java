package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.sieve.RankShare;
import java.util.Arrays;
import java.util.Optional;

/** Loss and accuracy over a part of the data. */
final class Evaluator {
  private final ForwardPass pass;
  private final Workers workers;

  /** An evaluator whose samples are shared out among workers. */
  Evaluator(ForwardPass pass, Workers workers) {
    this.pass = pass;
    this.workers = workers;
  }

  /**
   * Loss and accuracy over all workers' shares of samples; empty for no samples, or if asked to
   * stop before the end.
   *
   * @throws GradsieveException.Diverged if the loss is not finite
   */
  Optional<Evaluation> evaluate(int[] samples) {
    if (samples.length == 0) {
      return Optional.empty();
    }
    double[] lossAndCorrect = workers.part(() -> sums(samples));
    workers.sum(lossAndCorrect);
    if (workers.stop().asked()) {
      return Optional.empty();
    }
    double mean = lossAndCorrect[0] / samples.length;
    if (!Double.isFinite(mean)) {
      throw new GradsieveException.Diverged("the loss is not finite in evaluation");
    }
    return Optional.of(new Evaluation(mean, lossAndCorrect[1] / samples.length));
  }

  /** Σ cross-entropy and how many are right, of this worker's share. */
  private double[] sums(int[] samples) {
    RankShare share = workers.share();
    int[] own = Arrays.copyOfRange(samples, share.from(samples.length), share.to(samples.length));
    double[] lossAndCorrect = {0, 0};
    pass.evaluate(
        own,
        false,
        (first, batch, records) -> {
          for (int i = 0; i < batch.size(); i++) {
            boolean right = (int) records.predicted().get(i) == batch.slot().labels().get(i);
            lossAndCorrect[0] += records.crossEntropy().get(i);
            lossAndCorrect[1] += right ? 1 : 0;
          }
        });
    return lossAndCorrect;
  }
}
