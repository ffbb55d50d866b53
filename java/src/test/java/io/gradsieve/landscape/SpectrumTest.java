package io.gradsieve.landscape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.algebra.Lapack;
import io.gradsieve.graph.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Quadratic losses, whose Hessian's eigenvalues are known. */
class SpectrumTest {
  private static final double[] OUTLIERS = {5, 8, 10};

  private final Lapack lapack = Lapack.open();

  /** At weights of 0 the differences of gradients have no more than the rounding of floats. */
  private Spectrum of(double[] eigenvalues, long seed) {
    KnownMatrix matrix = KnownMatrix.of(eigenvalues, seed);
    LossFunction loss =
        (weights, factor, sum) -> {
          double[] w = new double[weights.length];
          Arrays.setAll(w, i -> weights[i]);
          Vectors.add(sum, factor, matrix.times(w));
        };
    List<Parameter> trainable = List.of(new Parameter("w", List.of(eigenvalues.length), true));
    Hessian hessian = new Hessian(loss, trainable, new float[eigenvalues.length], true);
    int steps = Spectrum.steps(eigenvalues.length, Long.MAX_VALUE);
    return Spectrum.of(hessian, steps, lapack, seed);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void theDensityIsTheSpectrum(long seed) {
    double[] eigenvalues = KnownMatrix.spectrum(2_000, OUTLIERS);
    Spectrum spectrum = of(eigenvalues, seed);
    assertThat(spectrum.density()).isSortedAccordingTo(Comparator.comparingDouble(n -> n.value()));
    assertThat(spectrum.density().stream().mapToDouble(Spectrum.Node::weight).sum())
        .isCloseTo(1, within(1e-12));
    assertThat(wasserstein(spectrum.density(), eigenvalues))
        .as("seed %d", seed)
        .isLessThan(tolerance(eigenvalues));
  }

  /**
   * Three standard errors of the mean over the starts, of which one is off by √2·‖λ‖/n at most, and
   * half a node's distance: of the even part each start has at least so many nodes as steps without
   * those for the outliers, twenty each.
   */
  private static double tolerance(double[] eigenvalues) {
    double norm = Math.sqrt(Vectors.dot(eigenvalues, eigenvalues));
    double starts = 3 * Math.sqrt(2.0 / Spectrum.PROBES) * norm / eigenvalues.length;
    return starts + 0.5 / (Spectrum.STEPS / 2);
  }

  @Test
  void theLargestAreThoseFarOutWithTheirErrors() {
    Spectrum spectrum = of(KnownMatrix.spectrum(500, OUTLIERS), 4);
    assertThat(spectrum.largest()).hasSize(Spectrum.LARGEST);
    assertThat(spectrum.largest())
        .isSortedAccordingTo(Comparator.comparingDouble(Spectrum.Eigenvalue::value).reversed());
    for (int rank = 0; rank < OUTLIERS.length; rank++) {
      Spectrum.Eigenvalue found = spectrum.largest().get(rank);
      // Floats in the products and in the vectors that are kept.
      assertThat(found.value()).isCloseTo(OUTLIERS[OUTLIERS.length - 1 - rank], within(1e-5));
      assertThat(found.error()).isLessThan(1e-5);
    }
    assertThat(spectrum.largest().get(OUTLIERS.length).value()).isBetween(0.9, 1.0);
    assertThat(spectrum.largest().get(OUTLIERS.length).error()).isBetween(1e-5, 0.1);
  }

  @Test
  void theSameSeedGivesTheSameAndAnotherAnother() {
    double[] eigenvalues = KnownMatrix.spectrum(100, OUTLIERS);
    assertThat(of(eigenvalues, 5)).isEqualTo(of(eigenvalues, 5));
    assertThat(of(eigenvalues, 5).density()).isNotEqualTo(of(eigenvalues, 6).density());
  }

  @Test
  void fewWeightsOrLittleMemoryMakeFewerSteps() {
    assertThat(Spectrum.steps(1_000_000, Long.MAX_VALUE)).isEqualTo(Spectrum.STEPS);
    assertThat(Spectrum.steps(7, Long.MAX_VALUE)).isEqualTo(7);
    assertThat(Spectrum.steps(1_000_000, 80_000_000)).isEqualTo(10);
    assertThat(Spectrum.steps(1_000_000, 1)).isEqualTo(1);
  }

  /** What has to be moved how far to make one distribution of the other. */
  private static double wasserstein(List<Spectrum.Node> density, double[] eigenvalues) {
    List<Spectrum.Node> both = new ArrayList<>(density);
    for (double eigenvalue : eigenvalues) {
      both.add(new Spectrum.Node(eigenvalue, -1.0 / eigenvalues.length));
    }
    both.sort(Comparator.comparingDouble(Spectrum.Node::value));
    double above = 0;
    double moved = 0;
    for (int i = 0; i + 1 < both.size(); i++) {
      above += both.get(i).weight();
      moved += Math.abs(above) * (both.get(i + 1).value() - both.get(i).value());
    }
    return moved;
  }
}
