package io.gradsieve;

/**
 * The seed of a test's random inputs: a fixed one, or another by {@code -Dseed=N}; printed so that
 * a failure can be repeated.
 */
public final class TestSeed {
  private TestSeed() {}

  /** The given seed unless {@code -Dseed=N} replaces it. */
  public static long of(long standard) {
    long seed = Long.getLong("seed", standard);
    System.out.println("seed " + seed + " (repeat with -Dseed=" + seed + ")");
    return seed;
  }
}
