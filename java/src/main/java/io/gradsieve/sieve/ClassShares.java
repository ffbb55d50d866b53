package io.gradsieve.sieve;

import io.gradsieve.Internal;
import java.nio.IntBuffer;

/**
 * How many samples of each class the steps of an epoch go backward with, where every class is to
 * keep the same share: of class c, {@link Share#quotas} by the end of the epoch, on the way there
 * as its samples come, so that a rare class loses nothing to the rounding of small steps.
 */
@Internal
public final class ClassShares {
  private final int[] sizes;
  private final int[] quotas;
  private final int[] seen;
  private final int[] taken;
  private final int[] counts;
  private int sum;

  /**
   * At the beginning of an epoch.
   *
   * @param share of each class, in (0, 1]
   * @param sizes samples of each class in the epoch
   */
  public ClassShares(double share, int[] sizes) {
    this.sizes = sizes.clone();
    quotas = Share.quotas(share, sizes);
    seen = new int[sizes.length];
    taken = new int[sizes.length];
    counts = new int[sizes.length];
  }

  /**
   * The next samples of the epoch.
   *
   * @param labels class of each, the first {@code size} count, one at least
   * @param one whether it must be one at least: of the class of the first, which gives it back
   *     later
   * @return how many of each class go backward; valid until the next call
   */
  public int[] next(IntBuffer labels, int size, boolean one) {
    for (int i = 0; i < size; i++) {
      seen[labels.get(i)]++;
    }
    sum = 0;
    for (int c = 0; c < counts.length; c++) {
      counts[c] = Math.max(0, due(c) - taken[c]);
      sum += counts[c];
    }
    if (one && sum == 0) {
      counts[labels.get(0)] = 1;
      sum = 1;
    }
    for (int c = 0; c < counts.length; c++) {
      taken[c] += counts[c];
    }
    return counts;
  }

  /** How many the next samples would be said to, of all classes together; nothing changes. */
  public int due(IntBuffer labels, int size) {
    for (int i = 0; i < size; i++) {
      seen[labels.get(i)]++;
    }
    int due = 0;
    for (int c = 0; c < counts.length; c++) {
      due += Math.max(0, due(c) - taken[c]);
    }
    for (int i = 0; i < size; i++) {
      seen[labels.get(i)]--;
    }
    return due;
  }

  /** How many the last call said, of all classes together. */
  public int sum() {
    return sum;
  }

  /**
   * Of the samples seen of a class, how many were to go backward: ⌊seen · quota/size + φ⌋. Classes
   * have their own φ in [0, 1), so that they don't all round in the same step.
   */
  private int due(int c) {
    if (sizes[c] == 0) {
      return 0;
    }
    long unit = 2L * sizes.length;
    long phase = (2L * c + 1) * sizes[c];
    return (int) ((unit * seen[c] * quotas[c] + phase) / (unit * sizes[c]));
  }
}
