package io.gradsieve.train;

/**
 * Asks a running training to finish its step, and the one that may be queued behind it, save a
 * checkpoint and return. Thread-safe. Not final, so that a test may stop at a place of its choice.
 */
public class StopRequest {
  private volatile int signal;

  /**
   * {@code signal} is what the exit code will tell: 2 for SIGINT, 15 for SIGTERM. The first request
   * counts.
   */
  public synchronized void stop(int signal) {
    if (this.signal == 0) {
      this.signal = signal;
    }
  }

  public boolean asked() {
    return signal != 0;
  }

  /** The signal, 0 if none. */
  public int signal() {
    return signal;
  }
}
