package io.gradsieve.bench.peers;

import java.util.List;

/**
 * The median of some measurements and an interval of two of them that encloses the true median with
 * at least 95 %, whatever their distribution: as many values above it as below are left out as the
 * binomial distribution allows. Fewer than six values have no such interval; theirs is the least to
 * the most (five: 94 %).
 */
record Median(double value, double low, double high) {
  private static final double OUTSIDE = 0.05;

  static Median of(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int n = sorted.size();
    int left = leftOut(n);
    return new Median(
        (sorted.get((n - 1) / 2) + sorted.get(n / 2)) / 2,
        sorted.get(left),
        sorted.get(n - 1 - left));
  }

  /** How many values lie outside on each side: the true median is below k of n by chance only. */
  private static int leftOut(int n) {
    int left = 0;
    double ways = Math.pow(0.5, n);
    double outside = 2 * ways;
    for (int k = 1; 2 * k < n; k++) {
      ways *= (double) (n - k + 1) / k;
      outside += 2 * ways;
      if (outside > OUTSIDE) {
        break;
      }
      left = k;
    }
    return left;
  }
}
