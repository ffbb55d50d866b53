package io.gradsieve.dist.ring;

import java.io.IOException;
import java.time.Duration;

/** A ring is of no use any more, as this worker sees it because of a neighbour. */
public final class NeighbourLost extends IOException {
  private static final long serialVersionUID = 1L;

  private final int rank;
  private final boolean broken;

  /** A ring that did not come about. */
  NeighbourLost(int rank, boolean broken, String message) {
    super(message);
    this.rank = rank;
    this.broken = broken;
  }

  static NeighbourLost left(int rank, IOException cause) {
    NeighbourLost lost = new NeighbourLost(rank, true, "rank " + rank + " has left the ring");
    lost.initCause(cause);
    return lost;
  }

  static NeighbourLost silent(int rank, String what, Duration since) {
    return new NeighbourLost(
        rank, false, "rank %d has %s for %d s".formatted(rank, what, since.toSeconds()));
  }

  /** The neighbour's. */
  public int rank() {
    return rank;
  }

  /** Whether its connection has ended or can't be made; else it was only silent for too long. */
  public boolean isBroken() {
    return broken;
  }
}
