package io.gradsieve.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.ParameterValues;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Two checks of a graph's gradients on any backend: against the loss of its own forward pass, and
 * of all samples together against one at a time.
 */
public final class GradientCheck {
  /** Some hundred roundings of float32, relative to the largest number of its kind. */
  private static final double TOLERANCE = 1e-5;

  /** Length of a step of weights along a direction. */
  private static final double STEP = 1e-3;

  /** What a loss's roundings make of a slope by such steps, relative to the whole gradient. */
  private static final double ROUNDINGS = 2e-4;

  /**
   * Of the slope's size: the curve of the loss and kinks of relu and maximum within a step; a
   * forgotten term would be much more.
   */
  private static final double SLOPE_TOLERANCE = 0.02;

  private GradientCheck() {}

  /** Along each parameter's own gradient the loss rises by that gradient's norm. */
  public static void slopes(Backend backend, Graph graph) {
    for (Mode mode : Mode.values()) {
      try (NetworkBench bench = new NetworkBench(backend, graph)) {
        double whole = Math.sqrt(bench.backward(mode, NetworkBench.all()));
        List<float[]> gradients = new ArrayList<>();
        ParameterValues trainable = bench.step.gradients();
        for (int p = 0; p < trainable.parameters().size(); p++) {
          gradients.add(trainable.read(p));
        }
        for (int p = 0; p < gradients.size(); p++) {
          double norm = norm(gradients.get(p));
          assertThat(norm).isPositive();
          double slope = slope(bench, mode, p, gradients.get(p), norm);
          assertThat(slope)
              .as("%s in %s", trainable.parameters().get(p).name(), mode)
              .isCloseTo(norm, within(SLOPE_TOLERANCE * norm + ROUNDINGS * whole));
        }
      }
    }
  }

  private static double slope(
      NetworkBench bench, Mode mode, int parameter, float[] gradient, double norm) {
    float[] at = bench.weights.read(parameter);
    double[] losses = new double[2];
    for (int side = 0; side < 2; side++) {
      float[] moved = at.clone();
      for (int i = 0; i < moved.length; i++) {
        moved[i] += (float) ((1 - 2 * side) * STEP / norm * gradient[i]);
      }
      bench.weights.write(parameter, moved);
      losses[side] = bench.loss(mode, NetworkBench.all());
    }
    bench.weights.write(parameter, at);
    return (losses[0] - losses[1]) / (2 * STEP);
  }

  private static double norm(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }

  /** Sample by sample against all together. */
  public static void samples(Backend backend, Graph graph, Mode mode) {
    try (NetworkBench bench = new NetworkBench(backend, graph)) {
      bench.backward(mode, NetworkBench.all());
      double[] gradient = bench.flatGradients();
      StepRecords records = bench.step.records();
      double[][] together = rows(records, NetworkBench.SIZE);
      double[] norms = NetworkBench.first(records.squaredNorm(), NetworkBench.SIZE);
      double[][] apart = new double[together.length][NetworkBench.SIZE];
      double[] alone = new double[NetworkBench.SIZE];
      double[] sum = new double[gradient.length];
      for (int i = 0; i < NetworkBench.SIZE; i++) {
        alone[i] = bench.backward(mode, i);
        double[] own = bench.flatGradients();
        Arrays.setAll(sum, e -> sum[e] + own[e]);
        double[][] row = rows(bench.step.records(), 1);
        for (int r = 0; r < row.length; r++) {
          apart[r][i] = row[r][0];
        }
      }
      close("squared norm", norms, alone);
      close("gradient", gradient, sum);
      for (int r = 0; r < together.length; r++) {
        close("record " + r, together[r], apart[r]);
      }
    }
  }

  private static double[][] rows(StepRecords records, int count) {
    return List.of(
            records.loss(),
            records.crossEntropy(),
            records.el2n(),
            records.margin(),
            records.confidence(),
            records.predicted())
        .stream()
        .map(row -> NetworkBench.first(row, count))
        .toArray(double[][]::new);
  }

  /** Equal but for roundings. */
  static void close(String what, double[] actual, double[] expected) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i])
          .as("%s %d", what, i)
          .isCloseTo(expected[i], within(TOLERANCE * largest));
    }
  }
}
