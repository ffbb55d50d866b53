package io.gradsieve.sieve.policy;

/**
 * The smallest of the {@code count} largest values, and how many equal to it are among them. Found
 * by two counting passes over the bits, so its time does not depend on the values.
 *
 * @param value the threshold; larger ones are all among the largest
 * @param ties how many equal to it are, at least 1
 */
record TopThreshold(float value, int ties) {
  private static final int HALF = 1 << 16;

  /** Of the first {@code size} values, none NaN, with 1 ≤ count ≤ size. */
  static TopThreshold of(float[] values, int size, int count) {
    int[] histogram = new int[HALF];
    for (int i = 0; i < size; i++) {
      histogram[ordered(values[i]) >>> 16]++;
    }
    int left = count;
    int high = HALF - 1;
    while (histogram[high] < left) {
      left -= histogram[high--];
    }
    int[] low = new int[HALF];
    for (int i = 0; i < size; i++) {
      int bits = ordered(values[i]);
      if (bits >>> 16 == high) {
        low[bits & HALF - 1]++;
      }
    }
    int place = HALF - 1;
    while (low[place] < left) {
      left -= low[place--];
    }
    return new TopThreshold(value(high << 16 | place), left);
  }

  /** Bits whose unsigned order is that of the values; adding zero makes −0 the same as 0. */
  private static int ordered(float value) {
    int bits = Float.floatToRawIntBits(value + 0f);
    return bits ^ (bits >> 31 | Integer.MIN_VALUE);
  }

  private static float value(int ordered) {
    return Float.intBitsToFloat(ordered ^ (~ordered >> 31 | Integer.MIN_VALUE));
  }
}
