package io.gradsieve.dist.rendezvous;

import java.util.Arrays;

/**
 * What the simulated training has learned: how often each sample was counted, and a number that
 * depends on all samples and their steps, as weights do.
 */
final class Checkpoint {
  static final int STEPS = 60;
  static final int BATCH = 12; // of which world sizes 1 to 6 take equal and unequal parts

  private final int[] counts;
  private long step;
  private long weights;

  /** Before the first step. */
  Checkpoint() {
    counts = new int[STEPS * BATCH];
  }

  private Checkpoint(Checkpoint other) {
    counts = other.counts.clone();
    step = other.step;
    weights = other.weights;
  }

  Checkpoint copy() {
    return new Checkpoint(this);
  }

  long step() {
    return step;
  }

  long weights() {
    return weights;
  }

  /** A rank has contributed these samples of the step. */
  void count(int from, int to) {
    for (int i = from; i < to; i++) {
      counts[i]++;
      weights += (i + 1) * 0x9E3779B97F4A7C15L * (step + 1);
    }
  }

  void endStep() {
    step++;
  }

  /** Whether every sample up to this step was counted once, and no other. */
  boolean exact() {
    int seen = (int) step * BATCH;
    return Arrays.stream(counts, 0, seen).allMatch(n -> n == 1)
        && Arrays.stream(counts, seen, counts.length).allMatch(n -> n == 0);
  }
}
