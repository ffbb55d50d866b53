package io.gradsieve.landscape;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.PartName;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.scoring.ScoringSession;
import io.gradsieve.train.Evaluation;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * The mean cross-entropy of a trained network over a fixed part of its training data, in evaluation
 * mode, at any weights. Between two calls the network has the weights it was trained to.
 */
final class NetworkLoss implements LossFunction, AutoCloseable {
  /** Samples of a point: the standard error of its loss is a 45th of the losses' deviation. */
  static final int MOST_SAMPLES = 2_000;

  private final ScoringSession session;
  private final ParameterValues values;
  private final List<Parameter> trainable;
  private final int[] samples;
  private final float[] trained;
  private final float[] batchGradient;

  private NetworkLoss(ScoringSession session, int[] samples) {
    this.session = session;
    this.values = session.network().weights();
    this.trainable = values.parameters().stream().filter(Parameter::trainable).toList();
    this.samples = samples;
    this.trained = new float[floats(session)];
    this.batchGradient = new float[trained.length];
    read(values, trained);
  }

  /**
   * Opens the run that {@code --model} names in the settings.
   *
   * @throws GradsieveException.BadData if its data has no training part
   */
  static NetworkLoss open(Settings settings, Consumer<String> notes) {
    ScoringSession session =
        ScoringSession.open(settings, DataRequest.Purpose.EVALUATE, true, notes);
    try {
      int[] train = session.split(PartName.TRAIN);
      if (train.length == 0) {
        throw new GradsieveException.BadData(
            session.data().name() + ": has no training part; choose another --data");
      }
      return new NetworkLoss(session, sampled(train, settings.get(Options.SEED)));
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  private static int floats(ScoringSession session) {
    long floats = session.network().spec().trainableElements();
    if (floats > Integer.MAX_VALUE - 8) {
      throw new GradsieveException.BadData(
          "the model has %,d parameters; a landscape takes at most %,d"
              .formatted(floats, Integer.MAX_VALUE - 8));
    }
    return (int) floats;
  }

  private static int[] sampled(int[] train, long seed) {
    if (train.length <= MOST_SAMPLES) {
      return train;
    }
    int[] order = RandomBits.of(seed, "landscape samples", 0).permutation(train.length);
    return Arrays.stream(order, 0, MOST_SAMPLES).sorted().map(i -> train[i]).toArray();
  }

  /** How many samples the loss is the mean over. */
  int samples() {
    return samples.length;
  }

  /** The parameters that weights are of, one after the other, each in PyTorch's order. */
  List<Parameter> trainable() {
    return trainable;
  }

  private void read(ParameterValues from, float[] target) {
    int next = 0;
    for (int p = 0; p < trainable.size(); p++) {
      float[] elements = from.read(p);
      System.arraycopy(elements, 0, target, next, elements.length);
      next += elements.length;
    }
  }

  private void write(float[] weights) {
    int next = 0;
    for (int p = 0; p < trainable.size(); p++) {
      int count = Math.toIntExact(trainable.get(p).elements());
      values.write(p, Arrays.copyOfRange(weights, next, next + count));
      next += count;
    }
  }

  /** The trained weights; not to be changed. */
  float[] trained() {
    return trained;
  }

  /** Loss and accuracy at these weights; NaN where a result is not finite. */
  Evaluation at(float[] weights) {
    double[] sums = new double[2];
    try {
      write(weights);
      session.pass(
          samples,
          false,
          (first, batch, records) -> {
            for (int i = 0; i < batch.size(); i++) {
              sums[0] += records.crossEntropy().get(i);
              boolean right = (int) records.predicted().get(i) == batch.slot().labels().get(i);
              sums[1] += right ? 1 : 0;
            }
          });
    } catch (GradsieveException.Diverged e) {
      // Weights as far out as ±1 may overflow; that is a property of the surface, not an error.
      return new Evaluation(Double.NaN, Double.NaN);
    } finally {
      write(trained);
    }
    return new Evaluation(sums[0] / samples.length, sums[1] / samples.length);
  }

  /**
   * {@inheritDoc}
   *
   * @throws GradsieveException.BadData if a result is not finite
   */
  @Override
  public void addGradient(float[] weights, double factor, double[] sum) {
    double share = factor / samples.length;
    try {
      write(weights);
      session.forEach(
          samples,
          (first, batch, records) -> {
            read(session.gradients(), batchGradient);
            for (int i = 0; i < sum.length; i++) {
              sum[i] += share * batchGradient[i];
            }
          });
    } finally {
      write(trained);
    }
  }

  /** Whether it is without kinks, as those of relu and max-pooling. */
  boolean smooth() {
    return session.network().graph(0, false).nodes().stream().allMatch(n -> n.kind().smooth());
  }

  @Override
  public void close() {
    session.close();
  }
}
