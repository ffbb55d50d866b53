package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.Internal;
import io.gradsieve.config.Options;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Split;
import java.util.Arrays;

/** A data set, cut into the parts of a run, and what each sample weighs in the loss. */
@Internal
public final class TrainingData {
  private final Dataset dataset;
  private final int[] train;
  private final int[] validation;
  private final int[] test;
  private final double[] userWeights;
  private final int[] trainClasses;

  private TrainingData(
      Dataset dataset, int[] train, int[] validation, int[] test, double[] userWeights) {
    this.dataset = dataset;
    this.train = train;
    this.validation = validation;
    this.test = test;
    this.userWeights = userWeights;
    this.trainClasses = Arrays.stream(train).map(dataset::label).toArray();
  }

  /**
   * Cuts the data set as the configuration says.
   *
   * @throws GradsieveException.BadData if nothing is left to train on, or too little is there to
   *     set aside what somebody asked for
   */
  public static TrainingData of(Dataset dataset, TrainingConfig config) {
    int[] train = dataset.train();
    int[] validation = new int[0];
    if (config.validation() > 0) {
      Split.Parts parts = Split.stratified(dataset, train, config.validation(), config.seed());
      train = parts.train();
      validation = parts.validation();
      if (validation.length == 0 && config.settings().given(Options.VALIDATION)) {
        throw new GradsieveException.BadData(
            "%s: %d training samples are too few to set %s of them aside for validation; leave --validation out"
                .formatted(dataset.name(), train.length, config.validation()));
      }
    }
    if (train.length == 0) {
      throw new GradsieveException.BadData(
          config.data() + ": has no training samples; nothing to learn from");
    }
    double[] weights = userWeights(dataset, train, config.balancedClasses());
    return new TrainingData(dataset, train, validation, dataset.test(), weights);
  }

  /**
   * The same with these samples alone to train on, and none to validate or test.
   *
   * @param train positions in the data set
   * @param balanced whether classes weigh the same
   */
  TrainingData on(int[] train, boolean balanced) {
    double[] weights = userWeights(dataset, train, balanced);
    return new TrainingData(dataset, train.clone(), new int[0], new int[0], weights);
  }

  /**
   * u_i by position in the data set: the user's weight, times N / (K · n_class) where classes are
   * balanced, scaled to mean 1 over the training part; 1 outside it.
   */
  private static double[] userWeights(Dataset dataset, int[] train, boolean balanced) {
    double[] weights = new double[dataset.size()];
    Arrays.fill(weights, 1);
    int[] counts = new int[dataset.classes().size()];
    for (int sample : train) {
      counts[dataset.label(sample)]++;
    }
    double sum = 0;
    for (int sample : train) {
      double weight = dataset.weight(sample);
      if (balanced) {
        weight /= counts[dataset.label(sample)];
      }
      weights[sample] = weight;
      sum += weight;
    }
    if (!(sum > 0 && sum < Double.POSITIVE_INFINITY)) {
      throw new GradsieveException.BadData(
          "--weight: the weights of the training part add up to "
              + sum
              + "; they must be positive");
    }
    for (int sample : train) {
      weights[sample] *= train.length / sum;
    }
    return weights;
  }

  public Dataset dataset() {
    return dataset;
  }

  /** Positions in the data set of the N training samples; a row of the score table each. */
  public int[] train() {
    return train;
  }

  /** Class of each training sample, [N]. */
  public int[] trainClasses() {
    return trainClasses;
  }

  /** Positions of the validation part; may be empty. */
  public int[] validation() {
    return validation;
  }

  /** Positions of the test part; may be empty. */
  public int[] test() {
    return test;
  }

  /** u_i by position in the data set. */
  public double[] userWeights() {
    return userWeights;
  }
}
