package io.gradsieve.dist.control;

import java.util.concurrent.TimeUnit;

/** The one clock of the state machines: never goes back, and goes on while a process is stopped. */
final class Clock {
  private Clock() {}

  static long millis() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
  }
}
