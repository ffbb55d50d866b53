package io.gradsieve.landscape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.RandomBits;
import io.gradsieve.algebra.Lapack;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LanczosTest {
  /**
   * Of the largest eigenvalue: vectors kept as floats are off by 6e-8 of their length; Ritz values
   * err with the square of that where a space is too small, and linearly in T itself.
   */
  private static final double ROUNDING = 1e-6;

  private final Lapack lapack = Lapack.open();

  private double[] ritzValues(KnownMatrix matrix, int steps, long seed) {
    RandomBits draws = RandomBits.of(seed, "start", 0);
    double[] start = new double[matrix.eigenvalues().length];
    Arrays.setAll(start, i -> draws.uniform(i) - 0.5);
    Vectors.scale(start, 1 / Math.sqrt(Vectors.dot(start, start)));
    Lanczos.Tridiagonal found = Lanczos.of(matrix::times, start, steps);
    return lapack.tridiagonal(found.diagonal(), found.beside()).values();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void aFewStepsFindTheLargestEigenvaluesOfADenseDecomposition(long seed) {
    double[] spectrum = KnownMatrix.spectrum(200, -3, 2, 2.5, 4, 7, 10);
    KnownMatrix matrix = KnownMatrix.of(spectrum, seed);
    double[] dense = lapack.symmetric(matrix.elements()).values();
    double[] ritz = ritzValues(matrix, 40, seed);
    assertThat(ritz).hasSize(40);
    double[] outliers = {10, 7, 4, 2.5, 2};
    for (int rank = 1; rank <= outliers.length; rank++) {
      assertThat(ritz[ritz.length - rank])
          .as("seed %d, rank %d", seed, rank)
          .isCloseTo(dense[dense.length - rank], within(ROUNDING * 10))
          .isCloseTo(outliers[rank - 1], within(ROUNDING * 10));
    }
    assertThat(ritz[0]).isCloseTo(-3, within(ROUNDING * 10));
  }

  /** Without reorthogonalisation 100 steps would have found the largest several times. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void asManyStepsAsRowsFindEveryEigenvalueOnce(long seed) {
    double[] spectrum = KnownMatrix.spectrum(96, 3, 10, 100, 1000);
    double[] ritz = ritzValues(KnownMatrix.of(spectrum, seed), spectrum.length, seed);
    assertThat(ritz).hasSameSizeAs(spectrum);
    for (int i = 0; i < spectrum.length; i++) {
      assertThat(ritz[i])
          .as("seed %d, eigenvalue %d", seed, i)
          .isCloseTo(spectrum[i], within(ROUNDING * 1000));
    }
  }

  @Test
  void theProcessEndsWhereTheSpaceDoes() {
    double[] threeValues = new double[50];
    Arrays.setAll(threeValues, i -> i % 3 - 1);
    assertThat(ritzValues(KnownMatrix.of(threeValues, 1), 40, 1)).hasSizeBetween(3, 4);
    assertThat(ritzValues(KnownMatrix.of(new double[50], 1), 40, 1)).containsExactly(0);
  }
}
