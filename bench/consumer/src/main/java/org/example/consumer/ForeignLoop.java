package org.example.consumer;

import io.gradsieve.api.Loop;
import io.gradsieve.api.Sieve;
import io.gradsieve.sieve.EpochPlan;
import java.util.Arrays;
import java.util.List;

/** A loop of our own, a softmax regression by hand, planned by each policy that serves one. */
public final class ForeignLoop {
  /** All but learned, whose filter looks at the inputs, which a loop keeps to itself. */
  private static final List<String> POLICIES =
      List.of(
          "none",
          "soft",
          "hard",
          "hide",
          "order",
          "window",
          "batch",
          "importance",
          "variance",
          "coverage",
          "random");

  private static final int POINTS = 900;
  private static final int EPOCHS = 12;
  private static final double RATE = 0.2;

  private final Clouds clouds = new Clouds(POINTS, 1);
  private final int[] labels = clouds.labels();
  private final double[][] weights = new double[Clouds.CLASSES][Clouds.FEATURES + 1];
  private final Sieve sieve;
  private int backpropagated;

  private ForeignLoop(String policy) {
    Loop loop = Loop.standard().epochs(EPOCHS).batchSize(50).classes(labels).judges().chooses();
    sieve = Sieve.of(policy, POINTS, loop);
  }

  private void run() {
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
      EpochPlan plan = sieve.plan(epoch);
      int from = 0;
      for (int size : plan.batchSizes()) {
        step(plan, from, size);
        from += size;
      }
      record(sieve.leftOut());
    }
  }

  /** The gradient is Σ w_i ∂ℓ_i / (b·w̄) over the b rows that go backward. */
  private void step(EpochPlan plan, int from, int size) {
    int[] ids = Arrays.copyOfRange(plan.order(), from, from + size);
    float[][] probabilities = record(ids);
    int[] rows = sieve.choose(losses(ids, probabilities));
    double[][] gradient = new double[Clouds.CLASSES][Clouds.FEATURES + 1];
    for (int row : rows) {
      for (int k = 0; k < Clouds.CLASSES; k++) {
        double delta = probabilities[row][k] - (labels[ids[row]] == k ? 1 : 0);
        double term = plan.weights()[from + row] * delta / (rows.length * plan.meanWeight());
        for (int j = 0; j <= Clouds.FEATURES; j++) {
          gradient[k][j] += term * input(ids[row], j);
        }
      }
    }
    for (int k = 0; k < Clouds.CLASSES; k++) {
      for (int j = 0; j <= Clouds.FEATURES; j++) {
        weights[k][j] -= RATE * plan.lrScale() * gradient[k][j];
      }
    }
    backpropagated += rows.length;
  }

  /** Forward, and the sieve hears of it. */
  private float[][] record(int[] ids) {
    float[][] probabilities = new float[ids.length][];
    boolean[] right = new boolean[ids.length];
    float[] confidence = new float[ids.length];
    for (int i = 0; i < ids.length; i++) {
      probabilities[i] = forward(ids[i]);
      right[i] = Clouds.largest(probabilities[i]) == labels[ids[i]];
      confidence[i] = probabilities[i][labels[ids[i]]];
    }
    sieve.record(ids, losses(ids, probabilities), right, confidence);
    return probabilities;
  }

  private float[] losses(int[] ids, float[][] probabilities) {
    float[] losses = new float[ids.length];
    for (int i = 0; i < ids.length; i++) {
      losses[i] = (float) -Math.log(Math.max(1e-30, probabilities[i][labels[ids[i]]]));
    }
    return losses;
  }

  private float[] forward(int point) {
    double[] exponentials = new double[Clouds.CLASSES];
    double sum = 0;
    for (int k = 0; k < Clouds.CLASSES; k++) {
      double logit = 0;
      for (int j = 0; j <= Clouds.FEATURES; j++) {
        logit += weights[k][j] * input(point, j);
      }
      exponentials[k] = Math.exp(logit);
      sum += exponentials[k];
    }
    float[] probabilities = new float[Clouds.CLASSES];
    for (int k = 0; k < Clouds.CLASSES; k++) {
      probabilities[k] = (float) (exponentials[k] / sum);
    }
    return probabilities;
  }

  /** Behind the features a one, for the bias. */
  private double input(int point, int feature) {
    return feature == Clouds.FEATURES ? 1 : clouds.inputs()[point][feature];
  }

  private double accuracy() {
    float[][] probabilities = new float[POINTS][];
    for (int i = 0; i < POINTS; i++) {
      probabilities[i] = forward(i);
    }
    return clouds.accuracy(probabilities);
  }

  public static void main(String[] arguments) {
    for (String policy : POLICIES) {
      ForeignLoop loop = new ForeignLoop(policy);
      loop.run();
      double share = (double) loop.backpropagated / (EPOCHS * POINTS);
      System.out.printf("sieve %s: accuracy %.3f, backward %.2f%n", policy, loop.accuracy(), share);
      Check.that(loop.accuracy() > 0.93, policy + " trains");
      Check.that(policy.equals("none") ? share == 1 : share < 0.95, policy + " leaves out");
    }
  }
}
