package io.gradsieve.dist;

import java.util.Locale;

/** What adds the gradients of all workers. */
public enum CollectiveName {
  /** {@link #NCCL} where every worker has a GPU of its own and the library, else {@link #RING}. */
  AUTO,
  /** A ring of our own, over shared memory or Unix sockets on one host, else over TCP. */
  RING,
  /** NVIDIA's library. */
  NCCL,
  /** The cluster's MPI. */
  MPI;

  /** As options spell it. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
