package io.gradsieve.landscape;

import java.util.Arrays;
import java.util.function.UnaryOperator;

/**
 * Lanczos's process (Golub and Van Loan 2013, section 10.1) with full reorthogonalisation: of a
 * symmetric matrix, known by its products with vectors, the tridiagonal matrix T = QᵀHQ on the
 * space of v, Hv, H²v, …
 *
 * <p>Every new vector is made orthogonal to all before it, twice; without that T would have copies
 * of eigenvalues long found. They are kept as floats, which halves the memory (4 bytes a weight and
 * step); that adds about 1e-7 of the largest eigenvalue, less than products of gradients in floats
 * do.
 */
final class Lanczos {
  /** A remainder of this share of the largest element of T is rounding: the space has an end. */
  private static final double END = 1e-7;

  private static final int PASSES = 2;

  private Lanczos() {}

  /**
   * T, of as many rows as steps were done.
   *
   * @param beside the elements beside the diagonal, one fewer than on it
   */
  record Tridiagonal(double[] diagonal, double[] beside) {}

  /**
   * Does so many steps, one product each; fewer where the space ends.
   *
   * @param product H·v for a v of norm 1, into a new array
   * @param start of norm 1; is changed
   */
  static Tridiagonal of(UnaryOperator<double[]> product, double[] start, int steps) {
    float[][] basis = new float[steps][];
    double[] diagonal = new double[steps];
    double[] beside = new double[steps];
    double largest = 0;
    double[] v = start;
    for (int j = 0; j < steps; j++) {
      basis[j] = floats(v);
      double[] rest = product.apply(v);
      diagonal[j] = removeAll(basis, j, rest);
      beside[j] = Math.sqrt(Vectors.dot(rest, rest));
      largest = Math.max(largest, Math.max(Math.abs(diagonal[j]), j == 0 ? 0 : beside[j - 1]));
      if (beside[j] <= END * largest || j == steps - 1) {
        return new Tridiagonal(Arrays.copyOf(diagonal, j + 1), Arrays.copyOf(beside, j));
      }
      Vectors.scale(rest, 1 / beside[j]);
      v = rest;
    }
    throw new IllegalArgumentException("no steps");
  }

  /** Takes out of a vector what lies along the first ones, and says how much lay along the last. */
  private static double removeAll(float[][] basis, int last, double[] vector) {
    double alongLast = 0;
    for (int pass = 0; pass < PASSES; pass++) {
      for (int i = last; i >= 0; i--) {
        double along = Vectors.dot(basis[i], vector);
        Vectors.add(vector, -along, basis[i]);
        alongLast += i == last ? along : 0;
      }
    }
    return alongLast;
  }

  private static float[] floats(double[] vector) {
    float[] floats = new float[vector.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) vector[i];
    }
    return floats;
  }
}
