package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.Internal;
import io.gradsieve.config.Options;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.nn.NetworkSpec;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Data and network of a configuration, before anything is computed. Several trainings may start
 * from one, so that the data is read once.
 *
 * @param config with what data and machine decided: batch size, threads, label column
 * @param weights to start from
 * @param ruled whether columns and classes that the weights were trained on are known by name
 */
@Internal
public record PreparedTraining(
    TrainingConfig config,
    TrainingData data,
    NetworkSpec spec,
    Optional<Path> weights,
    boolean ruled) {

  /** With a batch that is at most the data. */
  public static TrainingConfig fitting(TrainingConfig config, int samples) {
    if (config.growsBatch() || config.batchSize() <= samples) {
      return config;
    }
    if (config.resume()) {
      throw new GradsieveException.BadData(
          "%s: has %,d training samples, fewer than the run's batch of %,d: the data changed; start another run"
              .formatted(config.data(), samples, config.batchSize()));
    }
    if (config.settings().given(Options.BATCH_SIZE)) {
      throw new GradsieveException.Usage(
          "--batch-size %d: there are only %d training samples; at most that many"
              .formatted(config.batchSize(), samples));
    }
    return config.with(Options.BATCH_SIZE, samples, "default, at most the data");
  }

  /** The same with another seed; the parts of the data stay as they were cut. */
  public PreparedTraining withSeed(long seed) {
    return new PreparedTraining(
        config.with(Options.SEED, seed, "one of several trainings"), data, spec, weights, ruled);
  }

  /**
   * The same on these samples alone: none validates or tests. How inputs are scaled stays as all of
   * the training part has it.
   *
   * @param train positions in the data set, one at least
   */
  public PreparedTraining on(int[] train) {
    return new PreparedTraining(
        fitting(config, train.length),
        data.on(train, config.balancedClasses()),
        spec,
        weights,
        ruled);
  }
}
