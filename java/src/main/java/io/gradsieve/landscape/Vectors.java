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

  /** Four sums side by side: one alone waits for its own last addition. */
  static double dot(float[] a, double[] b) {
    double sum0 = 0;
    double sum1 = 0;
    double sum2 = 0;
    double sum3 = 0;
    int i = 0;
    for (; i + 3 < a.length; i += 4) {
      sum0 += a[i] * b[i];
      sum1 += a[i + 1] * b[i + 1];
      sum2 += a[i + 2] * b[i + 2];
      sum3 += a[i + 3] * b[i + 3];
    }
    for (; i < a.length; i++) {
      sum0 += a[i] * b[i];
    }
    return sum0 + sum1 + (sum2 + sum3);
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

  /** target += factor · a. */
  static void add(double[] target, double factor, float[] a) {
    for (int i = 0; i < target.length; i++) {
      target[i] += factor * a[i];
    }
  }
}
