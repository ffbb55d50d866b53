package io.gradsieve.backend.reference;

import io.gradsieve.graph.Graph;
import io.gradsieve.graph.HeapParameters;
import io.gradsieve.graph.Node;
import io.gradsieve.plan.UpdateRule;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The formulas of {@link UpdateRule}, one parameter at a time in double precision. */
final class ReferenceUpdate {
  private final UpdateRule rule;
  private final HeapParameters weights;
  private final HeapParameters gradients;
  private final List<HeapParameters> states;

  /** Weights of products; biases and the parameters of norms have no trust ratio. */
  private final Set<Integer> matrices = new HashSet<>();

  /**
   * @param states in the order of {@link UpdateRule#states}
   */
  ReferenceUpdate(
      UpdateRule rule,
      Graph graph,
      HeapParameters weights,
      HeapParameters gradients,
      List<HeapParameters> states) {
    this.rule = rule;
    this.weights = weights;
    this.gradients = gradients;
    this.states = List.copyOf(states);
    for (Node node : graph.nodes()) {
      if (node.kind().heavy()) {
        matrices.add(node.parameter(0));
      }
    }
  }

  /**
   * Changes a parameter.
   *
   * @param scale what the summed gradient is multiplied by: 1 / divisor, and less where it is
   *     clipped
   */
  void update(int parameter, double rate, double scale, long step) {
    double[] theta = doubles(weights.read(parameter));
    double[] gradient = doubles(gradients.read(parameter));
    Arrays.setAll(gradient, i -> scale * gradient[i]);
    boolean matrix = matrices.contains(parameter);
    if (rule instanceof UpdateRule.Sgd sgd) {
      Arrays.setAll(gradient, i -> gradient[i] + sgd.weightDecay() * theta[i]);
      momentum(parameter, theta, gradient, rate, sgd.momentum(), sgd.nesterov());
    } else if (rule instanceof UpdateRule.Lars lars) {
      double decay = matrix ? lars.weightDecay() : 0;
      double toward = norm(gradient);
      double ratio =
          matrix && norm(theta) > 0 && toward > 0
              ? lars.trust() * norm(theta) / (toward + decay * norm(theta))
              : 1;
      Arrays.setAll(gradient, i -> ratio * (gradient[i] + decay * theta[i]));
      momentum(parameter, theta, gradient, rate, lars.momentum(), false);
    } else if (rule instanceof UpdateRule.AdamW adam) {
      Arrays.setAll(theta, i -> theta[i] - rate * adam.weightDecay() * theta[i]);
      double[] toward = adam(parameter, gradient, adam.beta1(), adam.beta2(), adam.eps(), step);
      Arrays.setAll(theta, i -> theta[i] - rate * toward[i]);
    } else if (rule instanceof UpdateRule.Lamb lamb) {
      double decay = matrix ? lamb.weightDecay() : 0;
      double[] toward = adam(parameter, gradient, lamb.beta1(), lamb.beta2(), lamb.eps(), step);
      Arrays.setAll(toward, i -> toward[i] + decay * theta[i]);
      double ratio = matrix && norm(theta) > 0 && norm(toward) > 0 ? norm(theta) / norm(toward) : 1;
      Arrays.setAll(theta, i -> theta[i] - rate * ratio * toward[i]);
    }
    weights.write(parameter, floats(theta));
  }

  private void momentum(
      int parameter,
      double[] theta,
      double[] gradient,
      double rate,
      double momentum,
      boolean nesterov) {
    double[] velocity = gradient;
    if (momentum != 0) {
      velocity = doubles(states.get(0).read(parameter));
      for (int i = 0; i < velocity.length; i++) {
        velocity[i] = momentum * velocity[i] + gradient[i];
      }
      states.get(0).write(parameter, floats(velocity));
    }
    for (int i = 0; i < theta.length; i++) {
      theta[i] -= rate * (nesterov ? gradient[i] + momentum * velocity[i] : velocity[i]);
    }
  }

  /** Moves the two moments; returns the direction, both biases corrected. */
  private double[] adam(
      int parameter, double[] gradient, double beta1, double beta2, double eps, long step) {
    double[] first = doubles(states.get(0).read(parameter));
    double[] second = doubles(states.get(1).read(parameter));
    double[] toward = new double[gradient.length];
    for (int i = 0; i < gradient.length; i++) {
      first[i] = beta1 * first[i] + (1 - beta1) * gradient[i];
      second[i] = beta2 * second[i] + (1 - beta2) * gradient[i] * gradient[i];
      double mean = first[i] / (1 - Math.pow(beta1, step));
      double square = second[i] / (1 - Math.pow(beta2, step));
      toward[i] = mean / (Math.sqrt(square) + eps);
    }
    states.get(0).write(parameter, floats(first));
    states.get(1).write(parameter, floats(second));
    return toward;
  }

  private static double norm(double[] values) {
    return Math.sqrt(Arrays.stream(values).map(v -> v * v).sum());
  }

  private static double[] doubles(float[] values) {
    double[] result = new double[values.length];
    Arrays.setAll(result, i -> values[i]);
    return result;
  }

  private static float[] floats(double[] values) {
    float[] result = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = (float) values[i];
    }
    return result;
  }
}
