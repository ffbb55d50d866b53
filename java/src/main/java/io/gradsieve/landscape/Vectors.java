package io.gradsieve.landscape;

/** Sums over vectors of weights, in double precision and in a fixed order. */
final class Vectors {
  private Vectors() {}

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  static double norm(float[] a) {
    double sum = 0;
    for (float value : a) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }

  static void scale(double[] a, double factor) {
    for (int i = 0; i < a.length; i++) {
      a[i] *= factor;
    }
  }

  /** target += factor · a. */
  static void add(double[] target, double factor, double[] a) {
    for (int i = 0; i < target.length; i++) {
      target[i] += factor * a[i];
    }
  }
}
