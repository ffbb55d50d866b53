package io.gradsieve.dist.rendezvous;

/**
 * All deadlines, in milliseconds, from one: who fails is named within {@code failureTimeout}.
 *
 * @param failureTimeout 15,000 unless told otherwise, at least 1,500
 */
public record Deadlines(int failureTimeout) {
  /** What a job has unless told otherwise, in milliseconds. */
  public static final int STANDARD = 15_000;

  private static final int LEAST = 1_500; // a heartbeat of 100 ms; less and a busy machine fails
  private static final int MOST = 3_600_000; // an hour

  /**
   * Of one.
   *
   * @throws IllegalArgumentException if it is out of range
   */
  public Deadlines {
    check(failureTimeout);
  }

  static void check(int failureTimeout) {
    if (failureTimeout < LEAST || failureTimeout > MOST) {
      throw new IllegalArgumentException(
          "failure timeout: %d ms, must be %d to %d".formatted(failureTimeout, LEAST, MOST));
    }
  }

  /** Between two looks at who connects, while all are in and train: 150 ms. */
  public long look() {
    return failureTimeout / 100;
  }

  /** Between two heartbeats: 1 s. */
  public long heartbeat() {
    return failureTimeout / 15;
  }

  /** For a worker whose connection ended to come back before it counts as gone: 3 s. */
  public long reconnect() {
    return failureTimeout / 5;
  }

  /** For a member's attempt to connect again: a second one fits into {@link #reconnect}: 1.5 s. */
  public long attempt() {
    return failureTimeout / 10;
  }

  /** Of silence until a worker is suspected; also from an accusation to the verdict: 5 s. */
  public long suspect() {
    return failureTimeout / 3;
  }

  /**
   * Of silence until a worker is dead, and until a worker that hears nothing stops itself: 10 s.
   */
  public long dead() {
    return 2L * failureTimeout / 3;
  }

  /** Without a byte moved while all exchange: 15 s. Slow is not dead: any byte starts it anew. */
  public long noProgress() {
    return failureTimeout;
  }

  /** For the members of an ended generation to come to the next: 15 s. */
  public long gather() {
    return failureTimeout;
  }

  /** Without a byte moved while some compute or save and the others wait for them: 5 min. */
  public long operation() {
    return 20L * failureTimeout;
  }

  /** For a new worker to wait for a commit, after which its entry loses no work: 5 min. */
  public long admission() {
    return 20L * failureTimeout;
  }

  /** For all to leave after the last barrier before the server goes: 10 s. */
  public long goodbye() {
    return 2L * failureTimeout / 3;
  }

  /** The longest pause between two attempts to connect: 5 s. */
  public long backoff() {
    return failureTimeout / 3;
  }
}
