package io.gradsieve.run;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.Options;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.nn.BatchStatistics;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.sieve.policy.Policies;
import io.gradsieve.sieve.policy.SievePolicy;
import io.gradsieve.sieve.policy.SieveSchedule;
import io.gradsieve.train.Position;
import io.gradsieve.train.TrainingData;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Whether a training can learn anything: what no loss and no norm would tell. */
final class Prospects {
  /** Fewer samples than these have nearly all of the weight. */
  private static final double FEWEST_SAMPLES = 2;

  private static final String INSTEAD = "choose more samples, or groupnorm";

  private Prospects() {}

  /**
   * Refuses what can't learn.
   *
   * @throws GradsieveException.BadData if all inputs are the same
   * @throws GradsieveException.Usage if a batch norm would see single values, which it makes zero
   */
  static void check(TrainingConfig config, TrainingData data, NetworkSpec spec) {
    int samples = data.train().length;
    if (data.dataset().alike(data.train())) {
      throw new GradsieveException.BadData(
          "%s: all %,d training samples have the same inputs, so there is nothing to tell their classes apart by; check the data"
              .formatted(config.data(), samples));
    }
    Optional<BatchStatistics> norm = BatchStatistics.scarcest(spec);
    if (norm.isPresent() && norm.get().values() == 1 && smallestPart(config, samples) == 1) {
      throw new GradsieveException.Usage(
          "%s, of which it makes zero, so that nothing is learned; %s"
              .formatted(single(config, norm.get()), INSTEAD));
    }
  }

  /** What may go wrong, a line each. */
  static List<String> warnings(TrainingConfig config, TrainingData data, NetworkSpec spec) {
    List<String> warnings = new ArrayList<>();
    int samples = data.train().length;
    Optional<BatchStatistics> norm = BatchStatistics.scarcest(spec);
    if (norm.isPresent() && smallestPart(config, samples) == 1) {
      warnings.add(
          "warning: %s, so that training sees other statistics than evaluation; %s"
              .formatted(single(config, norm.get()), INSTEAD));
    }
    double counting = counting(data);
    if (samples > FEWEST_SAMPLES && counting < FEWEST_SAMPLES) {
      warnings.add(
          "warning: --weight: one training sample has nearly all of the weight (all of them weigh as %.2f equal ones would); are these weights?"
              .formatted(counting));
    }
    return warnings;
  }

  /** Says where a batch norm sees one sample. */
  private static String single(TrainingConfig config, BatchStatistics norm) {
    boolean cut = config.partSize() < config.batchSize();
    return "%s %d: batch norm (layer %s) takes its statistics from what a step sees at once, and with --sieve %s some %s have one sample"
        .formatted(
            cut ? Options.MICRO_BATCH : Options.BATCH_SIZE,
            cut ? config.partSize() : config.batchSize(),
            norm.layer(),
            config.policy().name(),
            cut ? "parts of steps" : "steps");
  }

  /** Samples of the smallest part of any step. */
  private static int smallestPart(TrainingConfig config, int samples) {
    // where steps choose, they forward whole batches
    SievePolicy policy = config.policy().choosesInStep() ? Policies.parse("none") : config.policy();
    int smallest = samples;
    int largest = 0;
    for (SieveSchedule.Epoch epoch :
        SieveSchedule.of(policy, samples, config.batchSize(), config.epochs()).epochs()) {
      smallest = Math.min(smallest, epoch.smallestBatch());
      largest = Math.max(largest, epoch.largestBatch());
    }
    int part = smallest;
    for (int size = smallest; size <= largest; size++) {
      int parts = (size + config.partSize() - 1) / config.partSize();
      part = Math.min(part, size / parts);
    }
    return part;
  }

  /** How many samples of equal weight would count as much: (Σu)²/Σu². */
  private static double counting(TrainingData data) {
    double sum = 0;
    double squares = 0;
    for (int sample : data.train()) {
      double weight = data.userWeights()[sample];
      sum += weight;
      squares += weight * weight;
    }
    return sum * sum / squares;
  }

  /**
   * What there is to say of a run that has come to its end; empty if it has learned. A short run
   * may be right by then and not yet sure.
   */
  static Optional<String> verdict(TrainingConfig config, TrainingData data, Position end) {
    double[] shares = classShares(data);
    double loss = end.epochFigures().meanLoss();
    double constant = entropy(shares, config.labelSmoothing());
    double right = (1 + Arrays.stream(shares).max().orElse(1)) / 2;
    boolean biased = end.plan().filtered() && !config.policy().unbiased();
    if (biased || loss < constant || end.epochFigures().accuracy() > right) {
      return Optional.empty();
    }
    return Optional.of(
        "warning: the training loss of the last epoch, %.4f, is not below the %.4f that the classes' frequencies alone give: little or nothing is learned; see to --lr, --epochs and the data"
            .formatted(loss, constant));
  }

  /** By the samples' weights, [K]. */
  private static double[] classShares(TrainingData data) {
    double[] shares = new double[data.dataset().classes().size()];
    for (int sample : data.train()) {
      shares[data.dataset().label(sample)] += data.userWeights()[sample] / data.train().length;
    }
    return shares;
  }

  /** The least loss of a network that says the same of all samples. */
  private static double entropy(double[] shares, double smoothing) {
    double entropy = 0;
    for (double share : shares) {
      double smoothed = (1 - smoothing) * share + smoothing / shares.length;
      entropy -= smoothed > 0 ? smoothed * Math.log(smoothed) : 0;
    }
    return entropy;
  }
}
