package io.gradsieve.backend;

import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.Value;
import java.util.List;
import java.util.Random;

/**
 * A network of two linear layers, as a graph and, computed one sample at a time in double
 * precision, as its own reference: D = 5 features, 7 hidden with relu, K = 3 classes. Weights are
 * in PyTorch's order, [out, in].
 */
public final class Perceptron {
  public static final int FEATURES = 5;
  static final int HIDDEN = 7;
  static final int CLASSES = 3;

  /** Where each parameter begins. */
  static final int WEIGHTS_1 = 0;

  static final int BIAS_1 = WEIGHTS_1 + HIDDEN * FEATURES;
  static final int WEIGHTS_2 = BIAS_1 + HIDDEN;
  static final int BIAS_2 = WEIGHTS_2 + CLASSES * HIDDEN;
  static final int TRAINABLE = BIAS_2 + CLASSES;

  private Perceptron() {}

  /** From floats to the loss. */
  public static Graph graph() {
    Graph.Builder graph =
        new Graph.Builder(
            List.of(
                new Parameter("0.weight", List.of(HIDDEN, FEATURES), true),
                new Parameter("0.bias", List.of(HIDDEN), true),
                new Parameter("2.weight", List.of(CLASSES, HIDDEN), true),
                new Parameter("2.bias", List.of(CLASSES), true)));
    int input = graph.add(Value.of(1, FEATURES));
    int hidden = graph.add(Value.of(1, HIDDEN));
    int active = graph.add(Value.of(1, HIDDEN));
    int logits = graph.add(Value.of(1, CLASSES));
    List<Integer> none = List.of();
    Kind floats = new Kind.Input(false, new float[0], new float[0]);
    Kind relu = new Kind.Activation(Kind.Function.RELU);
    graph.add(new Node("input", floats, none, input, none, none));
    graph.add(new Node("0", new Kind.Linear(), List.of(input), hidden, none, List.of(0, 1)));
    graph.add(new Node("1", relu, List.of(hidden), active, none, none));
    graph.add(new Node("2", new Kind.Linear(), List.of(active), logits, none, List.of(2, 3)));
    graph.add(new Node("loss", new Kind.SoftmaxCrossEntropy(0), List.of(logits), -1, none, none));
    return graph.build();
  }

  /** Random weights. */
  static float[] weights(Random random) {
    float[] weights = new float[TRAINABLE];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) (0.6 * random.nextGaussian());
    }
    return weights;
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
        hidden[j] += (double) weights[WEIGHTS_1 + j * FEATURES + d] * input[d];
      }
      hidden[j] = Math.max(0, hidden[j]);
    }
    double[] p = new double[CLASSES];
    double sum = 0;
    for (int k = 0; k < CLASSES; k++) {
      double z = weights[BIAS_2 + k];
      for (int j = 0; j < HIDDEN; j++) {
        z += weights[WEIGHTS_2 + k * HIDDEN + j] * hidden[j];
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
        gradient[WEIGHTS_2 + k * HIDDEN + j] = delta * hidden[j];
        hiddenGradient[j] += delta * weights[WEIGHTS_2 + k * HIDDEN + j];
      }
    }
    for (int j = 0; j < HIDDEN; j++) {
      double delta = hidden[j] > 0 ? hiddenGradient[j] : 0;
      gradient[BIAS_1 + j] = delta;
      for (int d = 0; d < FEATURES; d++) {
        gradient[WEIGHTS_1 + j * FEATURES + d] = delta * input[d];
      }
    }
    return new Reference(-Math.log(p[label]), p, gradient);
  }
}
