package io.gradsieve.dist.ring;

import java.time.Duration;

/** Hears from a ring for whom it waits. */
@FunctionalInterface
public interface Waiting {
  /**
   * Called on the ring's thread every 0.25 s as long as no byte moves: must not block.
   *
   * @param rank the neighbour that a byte is due from, or that takes none
   * @param silence since a byte last moved
   */
  void waiting(int rank, Duration silence);
}
