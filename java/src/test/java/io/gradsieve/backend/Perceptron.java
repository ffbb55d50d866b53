package io.gradsieve.backend;

import io.gradsieve.plan.Operation;
import io.gradsieve.plan.PlanTensor;
import io.gradsieve.plan.PlanTensor.Place;
import io.gradsieve.plan.PlanTensor.Storage;
import io.gradsieve.plan.Segment;
import io.gradsieve.plan.StepPlan;
import java.util.List;
import java.util.Random;

/**
 * A network of two linear layers, as a plan and, computed one sample at a time in double precision,
 * as its own reference: D = 5 features, 7 hidden with relu, K = 3 classes, each at a pitch of 16.
 */
final class Perceptron {
  static final int FEATURES = 5;
  static final int HIDDEN = 7;
  static final int CLASSES = 3;
  static final int PITCH = 16;

  /** Offsets in floats; weights are [16 inputs][16 outputs], the gaps belong to no parameter. */
  static final int WEIGHTS_1 = 0;

  static final int BIAS_1 = WEIGHTS_1 + PITCH * PITCH;
  static final int WEIGHTS_2 = BIAS_1 + PITCH;
  static final int BIAS_2 = WEIGHTS_2 + PITCH * PITCH;
  static final int TRAINABLE = BIAS_2 + PITCH;

  private Perceptron() {}

  static StepPlan plan(int capacity, boolean norms, boolean backward) {
    Arena arena = new Arena(capacity, backward);
    PlanTensor input = arena.tensor(FEATURES, false);
    PlanTensor hidden = arena.tensor(HIDDEN, true);
    PlanTensor logits = arena.tensor(CLASSES, true);
    Segment first =
        new Segment(
            4,
            0,
            List.of(
                new Operation.Input(0, false, new float[0], new float[0]),
                new Operation.Linear(0, 1, WEIGHTS_1, BIAS_1).fused(1, Operation.Activation.RELU)));
    Operation.Gradient store = backward ? Operation.Gradient.STORE : Operation.Gradient.NONE;
    Segment second =
        new Segment(
            4,
            0,
            List.of(
                new Operation.Linear(1, 2, WEIGHTS_2, BIAS_2).withGradients(List.of(store)),
                new Operation.SoftmaxCrossEntropy(2, 0, store)));
    return new StepPlan(
        capacity,
        norms,
        backward,
        List.of(input, hidden, logits),
        List.of(first, second),
        arena.floats,
        0,
        TRAINABLE,
        TRAINABLE,
        2);
  }

  private static final class Arena {
    private final int capacity;
    private final boolean backward;
    private long floats;

    Arena(int capacity, boolean backward) {
      this.capacity = capacity;
      this.backward = backward;
    }

    PlanTensor tensor(int features, boolean gradient) {
      return new PlanTensor(
          1, 1, features, PITCH, place(), gradient && backward ? place() : Place.NOWHERE);
    }

    private Place place() {
      Place place = new Place(Storage.ARENA, floats);
      floats += (long) capacity * PITCH;
      return place;
    }
  }

  /** Random weights, zero where no parameter is. */
  static float[] weights(Random random) {
    float[] weights = new float[TRAINABLE];
    fill(weights, WEIGHTS_1, FEATURES, HIDDEN, random);
    fill(weights, BIAS_1, 1, HIDDEN, random);
    fill(weights, WEIGHTS_2, HIDDEN, CLASSES, random);
    fill(weights, BIAS_2, 1, CLASSES, random);
    return weights;
  }

  private static void fill(float[] target, int offset, int rows, int columns, Random random) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        target[offset + r * PITCH + c] = (float) (0.6 * random.nextGaussian());
      }
    }
  }

  /** What a step says of one sample, and ∂(w u ℓ)/∂θ. */
  record Reference(double crossEntropy, double[] probabilities, double[] gradient) {
    double squaredNorm() {
      double sum = 0;
      for (double g : gradient) {
        sum += g * g;
      }
      return sum;
    }
  }

  static Reference reference(float[] weights, float[] input, int label, double weight) {
    double[] hidden = new double[HIDDEN];
    for (int j = 0; j < HIDDEN; j++) {
      hidden[j] = weights[BIAS_1 + j];
      for (int d = 0; d < FEATURES; d++) {
        hidden[j] += (double) weights[WEIGHTS_1 + d * PITCH + j] * input[d];
      }
      hidden[j] = Math.max(0, hidden[j]);
    }
    double[] p = new double[CLASSES];
    double sum = 0;
    for (int k = 0; k < CLASSES; k++) {
      double z = weights[BIAS_2 + k];
      for (int j = 0; j < HIDDEN; j++) {
        z += weights[WEIGHTS_2 + j * PITCH + k] * hidden[j];
      }
      p[k] = Math.exp(z);
      sum += p[k];
    }
    double[] gradient = new double[TRAINABLE];
    double[] hiddenGradient = new double[HIDDEN];
    for (int k = 0; k < CLASSES; k++) {
      p[k] /= sum;
      double delta = weight * (p[k] - (k == label ? 1 : 0));
      gradient[BIAS_2 + k] = delta;
      for (int j = 0; j < HIDDEN; j++) {
        gradient[WEIGHTS_2 + j * PITCH + k] = delta * hidden[j];
        hiddenGradient[j] += delta * weights[WEIGHTS_2 + j * PITCH + k];
      }
    }
    for (int j = 0; j < HIDDEN; j++) {
      double delta = hidden[j] > 0 ? hiddenGradient[j] : 0;
      gradient[BIAS_1 + j] = delta;
      for (int d = 0; d < FEATURES; d++) {
        gradient[WEIGHTS_1 + d * PITCH + j] = delta * input[d];
      }
    }
    return new Reference(-Math.log(p[label]), p, gradient);
  }
}
