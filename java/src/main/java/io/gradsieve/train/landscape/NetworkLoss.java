package io.gradsieve.train.landscape;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.backend.DeviceBuffer;
import io.gradsieve.data.DataRequest;
import io.gradsieve.nn.ParameterLayout;
import io.gradsieve.train.Evaluation;
import io.gradsieve.train.option.Options;
import io.gradsieve.train.option.Settings;
import io.gradsieve.train.scoring.ScoringSession;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * The mean cross-entropy of a trained network over a fixed part of its training data, in evaluation
 * mode, at any weights. Between two calls the network has the weights it was trained to.
 */
final class NetworkLoss implements LossFunction, AutoCloseable {
  /** Samples of a point: the standard error of its loss is a 45th of the losses' deviation. */
  static final int MOST_SAMPLES = 2_000;

  private final ScoringSession session;
  private final DeviceBuffer buffer;
  private final int[] samples;
  private final float[] trained;
  private final float[] batchGradient;

  private NetworkLoss(ScoringSession session, int[] samples) {
    this.session = session;
    this.buffer = session.network().weights();
    this.samples = samples;
    this.trained = new float[floats(session)];
    this.batchGradient = new float[trained.length];
    buffer.read(0, trained);
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
      int[] train = session.split("train");
      if (train.length == 0) {
        throw new GradsieveException.BadData(
            session.data().name() + ": has no training part; choose another --data");
      }
      return new NetworkLoss(session, chosen(train, settings.get(Options.SEED)));
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  private static int floats(ScoringSession session) {
    long floats = session.network().parameters().layout().trainable();
    if (floats > Integer.MAX_VALUE - 8) {
      throw new GradsieveException.BadData(
          "the model has %,d parameters; a landscape takes at most %,d"
              .formatted(floats, Integer.MAX_VALUE - 8));
    }
    return (int) floats;
  }

  private static int[] chosen(int[] train, long seed) {
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

  ParameterLayout layout() {
    return session.network().parameters().layout();
  }

  /** The trained weights; not to be changed. */
  float[] trained() {
    return trained;
  }

  /** Loss and accuracy at these weights; NaN where a result is not finite. */
  Evaluation at(float[] weights) {
    double[] sums = new double[2];
    try {
      buffer.write(0, weights);
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
      buffer.write(0, trained);
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
      buffer.write(0, weights);
      session.forEach(
          samples,
          (first, batch, records) -> {
            session.gradients().read(0, batchGradient);
            for (int i = 0; i < sum.length; i++) {
              sum[i] += share * batchGradient[i];
            }
          });
    } finally {
      buffer.write(0, trained);
    }
  }

  @Override
  public void close() {
    session.close();
  }
}
