package io.gradsieve.dist.rendezvous;

import java.util.OptionalInt;

/**
 * What the server is told about its job.
 *
 * @param job its name
 * @param workers the world it wants, and waits for at first; empty: as many as come soon enough
 * @param minWorkers the smallest world it goes on with
 * @param allowMinority whether half of the live workers, or fewer, may go on
 * @param deadlines all deadlines but the next
 * @param joinTimeout milliseconds until a job that has too few workers fails
 */
public record Rules(
    String job,
    OptionalInt workers,
    int minWorkers,
    boolean allowMinority,
    Deadlines deadlines,
    long joinTimeout) {
  /**
   * Rules of a job.
   *
   * @throws IllegalArgumentException unless 1 ≤ minWorkers ≤ workers ≤ {@link Limits#WORKERS}, and
   *     the name is one
   */
  public Rules {
    Limits.name("job", job, Limits.NAME);
    int most = workers.orElse(Limits.WORKERS);
    Limits.atMost("workers", most, Limits.WORKERS);
    Limits.atMost("least workers", minWorkers, most);
    Limits.notNegative("least workers", minWorkers - 1L);
    Limits.notNegative("join timeout", joinTimeout);
  }

  /** How many workers it has a place for. */
  int most() {
    return workers.orElse(Limits.WORKERS);
  }
}
