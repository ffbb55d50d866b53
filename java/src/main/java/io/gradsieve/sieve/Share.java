package io.gradsieve.sieve;

import io.gradsieve.Internal;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Whole numbers out of shares written in decimals: 0.07 of 100 is 7, though 0.07 · 100 in binary is
 * a little more and its ceiling 8.
 */
@Internal
public final class Share {
  /**
   * Products this close to a whole number, relatively, are that number: some units in the last
   * place.
   */
  private static final double ROUNDING = 0x1p-49;

  private Share() {}

  /** ⌈share · count⌉. */
  public static int ceil(double share, int count) {
    double product = share * count;
    double nearest = Math.rint(product);
    return (int) (near(product, nearest) ? nearest : Math.ceil(product));
  }

  /** ⌊share · count⌋. */
  public static int floor(double share, int count) {
    double product = share * count;
    double nearest = Math.rint(product);
    return (int) (near(product, nearest) ? nearest : Math.floor(product));
  }

  /**
   * ⌈share · Σ sizes⌉ in parts: each of {@code sizes} its share of that, by largest remainder; of
   * equal remainders the first.
   */
  public static int[] quotas(double share, int[] sizes) {
    int[] quotas = new int[sizes.length];
    int left = ceil(share, IntStream.of(sizes).sum());
    for (int c = 0; c < sizes.length; c++) {
      quotas[c] = floor(share, sizes[c]);
      left -= quotas[c];
    }
    int[] byRemainder =
        IntStream.range(0, sizes.length)
            .boxed()
            .sorted(
                Comparator.<Integer>comparingDouble(c -> quotas[c] - share * sizes[c])
                    .thenComparing(c -> c))
            .mapToInt(Integer::intValue)
            .toArray();
    for (int c : byRemainder) {
      if (left > 0 && quotas[c] < sizes[c]) {
        quotas[c]++;
        left--;
      }
    }
    return quotas;
  }

  private static boolean near(double product, double nearest) {
    return Math.abs(product - nearest) <= ROUNDING * Math.abs(product);
  }
}
