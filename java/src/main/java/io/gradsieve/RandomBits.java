package io.gradsieve;

/**
 * Counter-based random numbers: every draw is a pure function of a key and a counter, so it does
 * not depend on threads, ranks or the order of calls. The key is made of (seed, purpose, epoch),
 * the counter is the sample, element or position. The mixing function is the finaliser of
 * SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators") applied
 * to a Weyl sequence.
 */
@Internal
public final class RandomBits {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private final long key;

  private RandomBits(long key) {
    this.key = key;
  }

  /**
   * The stream of draws for one purpose (a short constant name such as {@code "shuffle"}) in one
   * epoch of one run.
   */
  public static RandomBits of(long seed, String purpose, long epoch) {
    long key = mix(seed * GOLDEN + 1);
    for (int i = 0; i < purpose.length(); i++) {
      key = mix(key + GOLDEN * (purpose.charAt(i) + 1));
    }
    return new RandomBits(mix(key + GOLDEN * (epoch + 1)));
  }

  /** A stream of its own within this one, for instance one sample's. */
  public RandomBits at(long counter) {
    return new RandomBits(bits(counter));
  }

  /** 64 uniform bits. */
  public long bits(long counter) {
    return mix(key + GOLDEN * (counter + 1));
  }

  /** Uniform in [0, 1), 53 bits. */
  public double uniform(long counter) {
    return (bits(counter) >>> 11) * 0x1.0p-53;
  }

  /** Uniform in 0..bound-1 by multiplication; the bias is under bound/2^64. */
  public int below(long counter, int bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("bound must be positive, is " + bound);
    }
    return (int) multiplyHighUnsigned(bits(counter), bound);
  }

  /** A random permutation of 0..n-1 (Fisher and Yates). */
  public int[] permutation(int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int j = below(i, i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /**
   * High 64 bits of the unsigned product; {@code Math} has it from Java 18 on. b is not negative.
   */
  private static long multiplyHighUnsigned(long a, long b) {
    return Math.multiplyHigh(a, b) + ((a >> 63) & b);
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
