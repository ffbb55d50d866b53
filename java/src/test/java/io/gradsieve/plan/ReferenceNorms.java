package io.gradsieve.plan;

import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import io.gradsieve.plan.ReferenceKernels.Grouping;
import java.util.Arrays;

/** The norms that take every sample by itself: group, layer and row norm. */
final class ReferenceNorms {
  private final ReferenceStep step;

  ReferenceNorms(ReferenceStep step) {
    this.step = step;
  }

  /** Elements are [T][C]. */
  private record By(
      int groups,
      int parameters,
      java.util.function.IntUnaryOperator groupOf,
      java.util.function.IntUnaryOperator parameterOf)
      implements Grouping {
    @Override
    public int group(int element) {
      return groupOf.applyAsInt(element);
    }

    @Override
    public int parameter(int element) {
      return parameterOf.applyAsInt(element);
    }
  }

  /** How a norm of this kind groups the elements of its input. */
  private static Grouping grouping(Kind kind, Value value) {
    int channels = value.channels();
    if (kind instanceof Kind.GroupNorm norm) {
      int size = channels / norm.groups();
      return new By(norm.groups(), channels, e -> e % channels / size, e -> e % channels);
    }
    if (kind instanceof Kind.RowNorm norm) {
      int width = norm.width();
      int rows = value.positions() / width;
      return new By(
          rows * channels,
          width,
          e -> e / channels / width * channels + e % channels,
          e -> e / channels % width);
    }
    return new By(value.positions(), channels, e -> e / channels, e -> e % channels);
  }

  private static double eps(Kind kind) {
    if (kind instanceof Kind.GroupNorm norm) {
      return norm.eps();
    }
    return kind instanceof Kind.RowNorm norm ? norm.eps() : ((Kind.LayerNorm) kind).eps();
  }

  static boolean is(Kind kind) {
    return kind instanceof Kind.GroupNorm
        || kind instanceof Kind.RowNorm
        || kind instanceof Kind.LayerNorm;
  }

  double[] forward(Node node, double[] x, int i) {
    Grouping grouping = grouping(node.kind(), step.plan.graph().value(node.input()));
    double[][] moments = ReferenceKernels.moments(x, grouping, eps(node.kind()));
    for (double[] moment : moments) {
      Arrays.setAll(moment, g -> step.roundedStatistic(moment[g]));
    }
    int gamma = step.offset(node.parameter(0));
    int beta = step.offset(node.parameter(1));
    double[] y = new double[x.length];
    for (int e = 0; e < x.length; e++) {
      int g = grouping.group(e);
      int p = grouping.parameter(e);
      y[e] =
          (x[e] - moments[0][g]) * moments[1][g] * step.weights[gamma + p] + step.weights[beta + p];
    }
    double[] kept = Arrays.copyOf(moments[0], 2 * grouping.groups());
    System.arraycopy(moments[1], 0, kept, grouping.groups(), grouping.groups());
    step.setValue(node.saved().get(0), i, kept);
    return y;
  }

  /** Adds the gradients of the parameters; returns that of the input. */
  double[] backward(Node node, double[] x, double[] outputGradient, int i) {
    Grouping grouping = grouping(node.kind(), step.plan.graph().value(node.input()));
    int groups = grouping.groups();
    double[] kept = step.value(node.saved().get(0), i);
    int gamma = step.offset(node.parameter(0));
    double[] xHat = new double[x.length];
    double[] scaled = new double[x.length];
    double[] gammas = new double[grouping.parameters()];
    double[] betas = new double[grouping.parameters()];
    for (int e = 0; e < x.length; e++) {
      int g = grouping.group(e);
      int p = grouping.parameter(e);
      xHat[e] = (x[e] - kept[g]) * kept[groups + g];
      scaled[e] = outputGradient[e] * step.weights[gamma + p];
      gammas[p] += outputGradient[e] * xHat[e];
      betas[p] += outputGradient[e];
    }
    step.addParameter(node.parameter(0), i, gammas);
    step.addParameter(node.parameter(1), i, betas);
    return ReferenceKernels.normGradient(
        xHat, scaled, Arrays.copyOfRange(kept, groups, 2 * groups), grouping);
  }
}
