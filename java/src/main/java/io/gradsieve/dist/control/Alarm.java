package io.gradsieve.dist.control;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Wakes a state machine at its next deadline. A state machine asks anew after every event, mostly
 * for a later time; so a wake-up that is early enough stays, and who wakes too early asks again.
 * For one event loop's thread.
 */
final class Alarm {
  private final EventExecutor loop;
  private final Runnable wake;
  private Future<?> pending;
  private long pendingAt = Long.MAX_VALUE;

  Alarm(EventExecutor loop, Runnable wake) {
    this.loop = loop;
    this.wake = wake;
    pending = loop.newSucceededFuture(null);
  }

  /** Wakes at this time of {@link Clock#millis} at the latest; {@link Long#MAX_VALUE} for never. */
  void at(long millis) {
    if (millis < pendingAt) {
      pending.cancel(false);
      pendingAt = millis;
      long wait = Math.max(0, millis - Clock.millis());
      pending = loop.schedule(this::ring, wait, TimeUnit.MILLISECONDS);
    }
  }

  void off() {
    pending.cancel(false);
    pendingAt = Long.MIN_VALUE; // later calls wake nobody
  }

  private void ring() {
    pendingAt = Long.MAX_VALUE;
    wake.run();
  }
}
