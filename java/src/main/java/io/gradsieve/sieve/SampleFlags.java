package io.gradsieve.sieve;

import java.util.Arrays;

/** What is known of a sample in a few bits, a byte each; begins kept and never scored. */
final class SampleFlags {
  private static final int KEPT = 1;

  /** The lowest of three bits that count. */
  private static final int COUNT = 2;

  private static final int RIGHT = 1 << 4;
  private static final int EVER_RIGHT = 1 << 5;
  private static final int EARLY_RIGHT = 1 << 6;

  final byte[] bits;

  SampleFlags(int samples) {
    bits = new byte[samples];
    Arrays.fill(bits, (byte) KEPT);
  }

  private boolean is(int sample, int flag) {
    return (bits[sample] & flag) != 0;
  }

  private void set(int sample, int flag, boolean value) {
    bits[sample] = (byte) (value ? bits[sample] | flag : bits[sample] & ~flag);
  }

  /** Whether the last filtered epoch kept it. */
  boolean kept(int sample) {
    return is(sample, KEPT);
  }

  void kept(int sample, boolean value) {
    set(sample, KEPT, value);
  }

  /** Early cross-entropies summed, at most 7. */
  int count(int sample) {
    return bits[sample] >> 1 & 7;
  }

  /** What it was last scored counts. */
  void countOneMore(int sample) {
    bits[sample] = (byte) (bits[sample] + COUNT);
    set(sample, EARLY_RIGHT, right(sample));
  }

  void clearCount(int sample) {
    bits[sample] &= (byte) ~(7 * COUNT | EARLY_RIGHT);
  }

  void clearCounts() {
    for (int i = 0; i < bits.length; i++) {
      clearCount(i);
    }
  }

  /** Whether it was right in the last of them. */
  boolean earlyRight(int sample) {
    return is(sample, EARLY_RIGHT);
  }

  /** Whether it was right when last scored. */
  boolean right(int sample) {
    return is(sample, RIGHT);
  }

  /** Whether it was right at least once. */
  boolean everRight(int sample) {
    return is(sample, EVER_RIGHT);
  }

  /** Notes whether it is right now. */
  void right(int sample, boolean value) {
    set(sample, RIGHT, value);
    if (value) {
      set(sample, EVER_RIGHT, true);
    }
  }
}
