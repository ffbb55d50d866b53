package io.gradsieve.sieve;

import io.gradsieve.Internal;

/**
 * The part of every step that one of several workers takes: a contiguous stretch, of sizes that
 * differ by at most one sample. Of a step with fewer samples than workers some take none.
 *
 * @param rank whose it is, from 0
 * @param world how many workers there are
 */
@Internal
public record RankShare(int rank, int world) {
  /** Of the only worker: all of it. */
  public static final RankShare WHOLE = new RankShare(0, 1);

  public RankShare {
    if (rank < 0 || rank >= world) {
      throw new IllegalArgumentException("rank " + rank + " of a world of " + world);
    }
  }

  /** The first sample of a step of so many. */
  public int from(int samples) {
    return (int) ((long) samples * rank / world);
  }

  /** The one after the last. */
  public int to(int samples) {
    return (int) ((long) samples * (rank + 1) / world);
  }

  /** The largest share that a worker has of a step. */
  public int largest(int samples) {
    return (samples + world - 1) / world;
  }
}
