package io.gradsieve.sieve.policy;

import java.util.BitSet;

/** Who ranks highest. */
final class Largest {
  private Largest() {}

  /**
   * Marks the {@code count} largest of the values that are not NaN, or all of them if they are
   * fewer; of equal values those of the samples with the lower index.
   *
   * @param order the sample of each value
   */
  static boolean[] of(float[] values, int[] order, int count) {
    boolean[] kept = new boolean[values.length];
    float[] ranked = new float[values.length];
    int size = 0;
    for (float value : values) {
      if (!Float.isNaN(value)) {
        ranked[size++] = value;
      }
    }
    int wanted = Math.min(count, size);
    if (wanted <= 0) {
      return kept;
    }
    TopThreshold threshold = TopThreshold.of(ranked, size, wanted);
    int last = lastTie(values, order, threshold);
    for (int j = 0; j < values.length; j++) {
      kept[j] = values[j] > threshold.value() || values[j] == threshold.value() && order[j] <= last;
    }
    return kept;
  }

  /** The highest index among the equal values that are still kept. */
  private static int lastTie(float[] values, int[] order, TopThreshold threshold) {
    BitSet tied = new BitSet();
    for (int j = 0; j < values.length; j++) {
      if (values[j] == threshold.value()) {
        tied.set(order[j]);
      }
    }
    int last = -1;
    for (int ties = threshold.ties(); ties > 0; ties--) {
      last = tied.nextSetBit(last + 1);
    }
    return last;
  }

  /** Marks the values that are NaN too: who was never scored is kept. Returns how many they are. */
  static int addUnscored(float[] values, boolean[] kept) {
    int unscored = 0;
    for (int j = 0; j < values.length; j++) {
      if (Float.isNaN(values[j])) {
        kept[j] = true;
        unscored++;
      }
    }
    return unscored;
  }

  /** How many values are NaN. */
  static int unscored(float[] values) {
    return addUnscored(values, new boolean[values.length]);
  }
}
