package io.gradsieve.landscape;

import io.gradsieve.RandomBits;

/**
 * How curved a loss is at given weights.
 *
 * @param topEigenvalue the largest eigenvalue of the Hessian
 * @param trace the sum of all
 * @param traceError the standard error of {@code trace}, from the spread over the random vectors
 */
record Sharpness(double topEigenvalue, double trace, double traceError) {
  /** The eigenvalue is found when an iteration changes it by less than this share. */
  private static final double TOLERANCE = 1e-3;

  /** Seen: 7 to 16; two that are close take longer, but either is then as good. */
  private static final int MOST_ITERATIONS = 60;

  /** Random vectors of the trace: {@code cnn} on Fashion-MNIST then has a standard error of 9 %. */
  static final int VECTORS = 32;

  /** Measures both; the same seed gives the same figures. */
  static Sharpness of(Hessian hessian, long seed) {
    double top = topEigenvalue(hessian, RandomBits.of(seed, "power iteration", 0));
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < VECTORS; i++) {
      double sample = traceSample(hessian, RandomBits.of(seed, "trace", i));
      sum += sample;
      squares += sample * sample;
    }
    double mean = sum / VECTORS;
    double variance = Math.max(0, squares / VECTORS - mean * mean) * VECTORS / (VECTORS - 1);
    return new Sharpness(top, mean, Math.sqrt(variance / VECTORS));
  }

  /** Power iteration finds the eigenvalue of largest size, which may be a negative one. */
  private static double topEigenvalue(Hessian hessian, RandomBits draws) {
    double dominant = powerIteration(hessian, 0, draws);
    return dominant >= 0 ? dominant : powerIteration(hessian, dominant, draws);
  }

  /**
   * The eigenvalue of H that lies furthest from {@code shift}: with the most negative one as shift,
   * that is the largest.
   */
  private static double powerIteration(Hessian hessian, double shift, RandomBits draws) {
    double[] v = Directions.unit(hessian.trainable(), draws);
    double found = 0;
    for (int i = 0; i < MOST_ITERATIONS; i++) {
      double[] product = hessian.times(v);
      double before = found;
      found = Vectors.dot(v, product); // Rayleigh's quotient, as ‖v‖ = 1
      Vectors.add(product, -shift, v);
      double norm = Math.sqrt(Vectors.dot(product, product));
      if (norm == 0 || (i > 0 && Math.abs(found - before) <= TOLERANCE * Math.abs(found))) {
        return found;
      }
      Vectors.scale(product, 1 / norm);
      v = product;
    }
    return found;
  }

  /** zᵀHz for a vector z of signs, whose mean is the trace (Hutchinson 1989). */
  private static double traceSample(Hessian hessian, RandomBits draws) {
    double[] z = Directions.signs(hessian.trainable(), draws);
    double norm2 = Vectors.dot(z, z);
    Vectors.scale(z, 1 / Math.sqrt(norm2));
    return norm2 * Vectors.dot(z, hessian.times(z));
  }
}
