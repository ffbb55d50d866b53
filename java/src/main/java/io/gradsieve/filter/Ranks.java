package io.gradsieve.filter;

import java.util.Comparator;
import java.util.stream.IntStream;

/** Ranks of values, and how far two orders of the same samples agree. */
final class Ranks {
  private Ranks() {}

  /**
   * (r_i − ½)/n in (0, 1), r_i the rank of each of n finite values from 1 on; equal values share
   * the mean of their ranks.
   */
  static double[] of(float[] values) {
    int n = values.length;
    int[] ascending =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.<Integer>comparingDouble(i -> values[i]).thenComparing(i -> i))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] ranks = new double[n];
    int end;
    for (int begin = 0; begin < n; begin = end) {
      end = begin + 1;
      while (end < n && values[ascending[end]] == values[ascending[begin]]) {
        end++;
      }
      for (int j = begin; j < end; j++) {
        ranks[ascending[j]] = (begin + end) / (2.0 * n);
      }
    }
    return ranks;
  }

  /**
   * Spearman's rank correlation, in [-1, 1]: Pearson's of the ranks. 0 where all values of one side
   * are equal, since they order nothing.
   */
  static double correlation(float[] a, float[] b) {
    double[] x = of(a);
    double[] y = of(b);
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (int i = 0; i < x.length; i++) {
      // The mean of all ranks is one half, whatever is tied.
      xy += (x[i] - 0.5) * (y[i] - 0.5);
      xx += (x[i] - 0.5) * (x[i] - 0.5);
      yy += (y[i] - 0.5) * (y[i] - 0.5);
    }
    return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
  }
}
