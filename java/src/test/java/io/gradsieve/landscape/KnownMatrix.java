package io.gradsieve.landscape;

import io.gradsieve.RandomBits;
import java.util.Arrays;

/**
 * The symmetric matrix QΛQᵀ of given eigenvalues Λ; Q is a product of reflections at random
 * vectors.
 */
record KnownMatrix(double[] eigenvalues, double[][] mirrors) {
  private static final int REFLECTIONS = 3;

  static KnownMatrix of(double[] eigenvalues, long seed) {
    double[][] mirrors = new double[REFLECTIONS][eigenvalues.length];
    for (int r = 0; r < REFLECTIONS; r++) {
      RandomBits draws = RandomBits.of(seed, "mirror", r);
      Arrays.setAll(mirrors[r], i -> draws.uniform(i) - 0.5);
      Vectors.scale(mirrors[r], 1 / Math.sqrt(Vectors.dot(mirrors[r], mirrors[r])));
    }
    return new KnownMatrix(eigenvalues, mirrors);
  }

  /** {@code bulk} values spread evenly over [0, 1), then {@code outliers}. */
  static double[] spectrum(int bulk, double... outliers) {
    double[] spectrum = new double[bulk + outliers.length];
    for (int i = 0; i < bulk; i++) {
      spectrum[i] = (double) i / bulk;
    }
    System.arraycopy(outliers, 0, spectrum, bulk, outliers.length);
    return spectrum;
  }

  double[] times(double[] v) {
    double[] product = v.clone();
    for (int r = 0; r < mirrors.length; r++) {
      reflect(product, mirrors[r]);
    }
    for (int i = 0; i < product.length; i++) {
      product[i] *= eigenvalues[i];
    }
    for (int r = mirrors.length - 1; r >= 0; r--) {
      reflect(product, mirrors[r]);
    }
    return product;
  }

  private static void reflect(double[] vector, double[] mirror) {
    Vectors.add(vector, -2 * Vectors.dot(vector, mirror), mirror);
  }

  /** All its elements. */
  double[][] elements() {
    double[][] rows = new double[eigenvalues.length][];
    for (int i = 0; i < rows.length; i++) {
      double[] axis = new double[rows.length];
      axis[i] = 1;
      rows[i] = times(axis);
    }
    return rows;
  }
}
