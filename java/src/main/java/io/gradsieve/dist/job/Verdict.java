package io.gradsieve.dist.job;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Why a generation has ended, once the server has said so. */
final class Verdict {
  private final CountDownLatch given = new CountDownLatch(1);
  private volatile String words = "";

  /** The first counts. */
  synchronized void give(String reason) {
    if (given.getCount() > 0) {
      words = reason;
      given.countDown();
    }
  }

  boolean isGiven() {
    return given.getCount() == 0;
  }

  /** Waits for it; empty if none comes in time, or this thread is interrupted. */
  Optional<String> await(Duration longest) {
    try {
      boolean came = given.await(longest.toMillis(), TimeUnit.MILLISECONDS);
      return came ? Optional.of(words) : Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
