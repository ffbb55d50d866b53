package io.gradsieve.bench.dist;

import java.util.Arrays;

/** Of measured values, of which some are always too high. */
final class Median {
  private Median() {}

  static double of(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
