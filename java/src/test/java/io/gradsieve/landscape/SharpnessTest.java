package io.gradsieve.landscape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.RandomBits;
import io.gradsieve.algebra.Lapack;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.graph.Parameter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The engine's figures beside the whole Hessian of a reference in double precision. */
class SharpnessTest {
  private static final int FEATURES = 4;
  private static final int HIDDEN = 24;
  private static final int CLASSES = 3;
  private static final int ROWS = 90;
  private static final String MODEL =
      """
      input: [4]
      layers:
        - linear: {features: 24}
        - tanh
        - linear: {features: 3}
      """;

  /**
   * Of the largest eigenvalue: h² of 2e-4·‖w‖ times third derivatives, and the float rounding of
   * gradients over 2h (1e-8 of a gradient under 1 over 1e-3); of weights over h·v, 1e-4 of that.
   */
  private static final double PRODUCT = 2e-4;

  /** What is promised of the largest eigenvalues, as a share of the first. */
  private static final double PROMISED = 1e-3;

  private static final int TOP = 5;

  private final Lapack lapack = Lapack.open();

  @TempDir private Path directory;

  @Test
  void productsEigenvaluesAndTraceAreThoseOfTheWholeHessian() throws IOException {
    Path csv = Files.writeString(directory.resolve("rows.csv"), rows());
    Path model = Files.writeString(directory.resolve("m.yaml"), MODEL);
    Path run =
        LandscapeRuns.train(
            directory.resolve("run"), "data=" + csv, "model=" + model, "epochs=5", "lr=0.1");
    ReferencePerceptron reference = reference(csv);
    try (NetworkLoss loss = LandscapeRuns.open(run)) {
      double[] theta = new double[FEATURES * HIDDEN + HIDDEN + HIDDEN * CLASSES + CLASSES];
      assertThat(loss.trained()).hasSameSizeAs(theta);
      Arrays.setAll(theta, i -> loss.trained()[i]);
      double[][] exact = reference.hessian(theta);
      double[] eigenvalues = lapack.symmetric(exact).values();
      double top = eigenvalues[eigenvalues.length - 1];
      Hessian hessian = new Hessian(loss, loss.trainable(), loss.trained(), loss.smooth());
      double[] v = Directions.signs(loss.trainable(), RandomBits.of(5, "test", 0));
      Vectors.scale(v, 1 / Math.sqrt(v.length));
      double[] product = hessian.times(v);
      double[] expected = ReferencePerceptron.times(exact, v);
      assertThat(product).hasSameSizeAs(expected);
      for (int i = 0; i < expected.length; i++) {
        assertThat(product[i]).isCloseTo(expected[i], within(PRODUCT * top));
      }
      int steps = Spectrum.steps(theta.length, Long.MAX_VALUE);
      assertThat(steps).as("fewer than eigenvalues").isLessThan(theta.length / 2);
      Spectrum spectrum = Spectrum.of(hessian, steps, lapack, 1);
      double[] ofProducts = lapack.symmetric(whole(hessian, theta.length)).values();
      for (int rank = 1; rank <= TOP; rank++) {
        assertThat(spectrum.largest().get(rank - 1).value())
            .as("eigenvalue %d", rank)
            .isCloseTo(eigenvalues[eigenvalues.length - rank], within(PROMISED * top))
            .isCloseTo(ofProducts[eigenvalues.length - rank], within(PROMISED * top));
      }
      Sharpness sharpness = Sharpness.of(hessian, spectrum, 1);
      double trace = ReferencePerceptron.trace(exact);
      double error = ReferencePerceptron.traceError(exact, Sharpness.VECTORS);
      assertThat(sharpness.trace()).isCloseTo(trace, within(4 * error));
      // An error estimated from 32 draws is itself off by an eighth.
      assertThat(sharpness.traceError()).isBetween(0.5 * error, 1.5 * error);
    }
  }

  @Test
  void theTopEigenvalueIsTheLargestThoughANegativeOneIsLargerInSize() {
    List<Parameter> trainable = List.of(new Parameter("w", List.of(4), true));
    double[] curvatures = {-5, 3, 1, -0.5};
    LossFunction quadratic =
        (weights, factor, sum) -> {
          for (int i = 0; i < curvatures.length; i++) {
            sum[i] += factor * curvatures[i] * weights[i];
          }
        };
    float[] weights = new float[4];
    Arrays.fill(weights, 0.5f);
    Hessian hessian = new Hessian(quadratic, trainable, weights, true);
    Sharpness sharpness = Sharpness.of(hessian, Spectrum.of(hessian, 4, lapack, 1), 1);
    assertThat(sharpness.topEigenvalue()).isCloseTo(3, within(0.01));
    // zᵀHz of a diagonal matrix is its trace for every z; what is left is the rounding of weights.
    assertThat(sharpness.trace()).isCloseTo(-1.5, within(0.01));
    assertThat(sharpness.traceError()).isLessThan(0.01);
  }

  /** All of it, by products with the axes. */
  private static double[][] whole(Hessian hessian, int weights) {
    double[][] whole = new double[weights][];
    for (int i = 0; i < weights; i++) {
      double[] axis = new double[weights];
      axis[i] = 1;
      whole[i] = hessian.times(axis);
    }
    for (int i = 0; i < weights; i++) {
      for (int j = 0; j < i; j++) {
        whole[i][j] = (whole[i][j] + whole[j][i]) / 2;
        whole[j][i] = whole[i][j];
      }
    }
    return whole;
  }

  private static ReferencePerceptron reference(Path csv) {
    Dataset data = DataSource.open(DataRequest.train(csv.toString()));
    ByteBuffer sample = ByteBuffer.allocate(data.sampleBytes()).order(ByteOrder.LITTLE_ENDIAN);
    double[][] inputs = new double[ROWS][FEATURES];
    int[] labels = new int[ROWS];
    for (int s = 0; s < ROWS; s++) {
      data.copy(data.train()[s], sample, 0);
      for (int d = 0; d < FEATURES; d++) {
        inputs[s][d] = sample.getFloat(d * Float.BYTES);
      }
      labels[s] = data.label(data.train()[s]);
    }
    return new ReferencePerceptron(inputs, labels, HIDDEN, CLASSES);
  }

  private static String rows() {
    StringBuilder rows = new StringBuilder("a,b,c,d,label\n");
    RandomBits random = RandomBits.of(7, "rows", 0);
    for (int i = 0; i < ROWS; i++) {
      int label = i % CLASSES;
      for (int d = 0; d < FEATURES; d++) {
        rows.append(random.at(i).uniform(d) + (d == label ? 0.6 : 0)).append(',');
      }
      rows.append("k").append(label).append('\n');
    }
    return rows.toString();
  }
}
