package io.gradsieve.sieve;

/** How often each sample went from right to wrong: two bytes a sample. */
final class Forgetting {
  final char[] times;
  private int most;

  /** Of none so far; empty where it is not counted. */
  Forgetting(int samples) {
    times = new char[samples];
  }

  /** Notes whether a sample is right now. */
  void judge(int sample, boolean before, boolean now) {
    if (times.length > 0 && before && !now) {
      set(sample, times[sample] + 1);
    }
  }

  void set(int sample, int value) {
    times[sample] = (char) value;
    most = Math.max(most, value);
  }

  /** The score: never right counts as the largest + 1. */
  int score(int sample, boolean everRight) {
    return everRight ? times[sample] : most + 1;
  }
}
