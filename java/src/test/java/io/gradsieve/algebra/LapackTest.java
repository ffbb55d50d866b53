package io.gradsieve.algebra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.RandomBits;
import io.gradsieve.natives.NativeException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LapackTest {
  /** Double precision's 1e-16 times a hundred rows, of matrices whose elements are under 10. */
  private static final double ROUNDING = 1e-12;

  private final Lapack lapack = Lapack.open();

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 40, 100})
  void secondDifferencesHaveTheEigenvaluesOfTheFormula(int n) {
    double[] diagonal = new double[n];
    double[] beside = new double[n - 1];
    Arrays.fill(diagonal, 2);
    Arrays.fill(beside, -1);
    Eigenpairs pairs = lapack.tridiagonal(diagonal, beside);
    for (int k = 0; k < n; k++) {
      double expected = 2 - 2 * Math.cos((k + 1) * Math.PI / (n + 1));
      assertThat(pairs.values()[k]).isCloseTo(expected, within(ROUNDING));
    }
    double[][] matrix = new double[n][n];
    for (int i = 0; i < n; i++) {
      matrix[i][i] = 2;
      if (i > 0) {
        matrix[i][i - 1] = -1;
        matrix[i - 1][i] = -1;
      }
    }
    check(matrix, pairs);
    assertThat(diagonal).containsOnly(2);
    assertThat(beside).doesNotContain(0);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 100})
  void aDenseMatrixTimesAVectorIsTheVectorTimesItsValue(int n) {
    double[][] matrix = new double[n][n];
    RandomBits draws = RandomBits.of(n, "dense", 0);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        matrix[i][j] = 2 * draws.at(i).uniform(j) - 1;
        matrix[j][i] = matrix[i][j];
      }
    }
    Eigenpairs pairs = lapack.symmetric(matrix);
    assertThat(pairs.values()).isSorted();
    check(matrix, pairs);
  }

  /** A·v = λ·v, and the vectors are of norm 1 and orthogonal. */
  private static void check(double[][] matrix, Eigenpairs pairs) {
    double[][] vectors = pairs.vectors();
    for (int k = 0; k < matrix.length; k++) {
      for (int i = 0; i < matrix.length; i++) {
        assertThat(dot(matrix[i], vectors[k]))
            .isCloseTo(pairs.values()[k] * vectors[k][i], within(ROUNDING));
        assertThat(dot(vectors[i], vectors[k])).isCloseTo(i == k ? 1 : 0, within(ROUNDING));
      }
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  @Test
  void whatIsNoMatrixIsRefused() {
    assertThatThrownBy(() -> lapack.tridiagonal(new double[3], new double[3]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 elements on the diagonal and 3 beside it");
    assertThatThrownBy(() -> lapack.symmetric(new double[2][3]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("row 0 of 2 has 3 elements");
    assertThatThrownBy(() -> lapack.tridiagonal(new double[] {1, Double.NaN}, new double[1]))
        .isInstanceOf(NativeException.class)
        .hasMessageContaining("dstev: argument");
  }
}
