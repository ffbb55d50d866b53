package io.gradsieve.dist.rendezvous;

import io.gradsieve.RandomBits;

/**
 * Pauses between attempts to connect: each up to twice the one before, and a random half of it
 * spread, so that workers cut off together don't come back together.
 */
final class Backoff {
  private static final long FIRST = 200; // ms: longer than a round trip
  private static final int MOST_DOUBLINGS = 20; // far beyond the longest pause

  private final RandomBits jitter;
  private int failures;
  private long draws;

  Backoff(RandomBits jitter) {
    this.jitter = jitter;
  }

  /** Milliseconds until the next attempt. */
  long next(long longest) {
    long pause = Math.min(FIRST << Math.min(failures++, MOST_DOUBLINGS), longest);
    return (long) (pause * (1 + jitter.uniform(draws++)) / 2);
  }

  /** An attempt succeeded. */
  void reset() {
    failures = 0;
  }
}
