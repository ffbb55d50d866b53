package io.gradsieve.backend.layout;

import io.gradsieve.graph.Kind;
import io.gradsieve.plan.Operation;

/** What operations take along on every device that has kernels for it. */
public final class Fusions {
  private Fusions() {}

  /** Convolution + relu, and max-pooling by square windows. */
  public static boolean convolution(Operation operation, Kind next) {
    if (next instanceof Kind.Activation activation) {
      return operation.nodes().size() == 1 && activation.function() == Kind.Function.RELU;
    }
    return next instanceof Kind.Pool2d pool
        && pool.pool() == Kind.Pool.MAX
        && pool.kernelHeight() == pool.kernelWidth()
        && pool.kernelHeight() > 1
        && operation.saved().isEmpty();
  }

  /** Linear + activation; gelu's backward pass reads its input, which would be gone. */
  public static boolean linear(Operation operation, Kind next) {
    return operation.nodes().size() == 1
        && next instanceof Kind.Activation activation
        && activation.function() != Kind.Function.GELU;
  }

  /** Normalise + sum with a skip connection + relu. */
  public static boolean normalize(Operation operation, Kind next) {
    if (next instanceof Kind.Activation activation) {
      return activation.function() == Kind.Function.RELU
          && !(operation.last().kind() instanceof Kind.Activation);
    }
    return next instanceof Kind.Add && operation.nodes().size() == 1;
  }
}
