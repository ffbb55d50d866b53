package io.gradsieve.dist.nccl;

import java.time.Duration;

/**
 * How long a communicator may take, all positive.
 *
 * @param start from a rank's beginning until all ranks have one
 * @param operation a sum, once from its call until NCCL has queued it, once from the wait for it
 *     until it is done here; and the clean end. NCCL tells nothing of bytes that move, so this is
 *     one limit for the whole: long enough for the slowest link and the slowest rank's step
 * @param end of one that failed, before the process is given up
 */
public record NcclLimits(Duration start, Duration operation, Duration end) {
  /** An abort that takes longer than this does not come back, as others have found. */
  public static final Duration END = Duration.ofSeconds(5);

  /** Checks that all are positive. */
  public NcclLimits {
    for (Duration limit : new Duration[] {start, operation, end}) {
      if (limit.isNegative() || limit.isZero()) {
        throw new IllegalArgumentException("a limit must be positive, is " + limit);
      }
    }
  }

  /** With {@link #END}. */
  public NcclLimits(Duration start, Duration operation) {
    this(start, operation, END);
  }
}
