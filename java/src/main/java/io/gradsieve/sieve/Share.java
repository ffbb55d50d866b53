package io.gradsieve.sieve;

/**
 * Whole numbers out of shares written in decimals: 0.07 of 100 is 7, though 0.07 · 100 in binary is
 * a little more and its ceiling 8.
 */
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

  private static boolean near(double product, double nearest) {
    return Math.abs(product - nearest) <= ROUNDING * Math.abs(product);
  }
}
