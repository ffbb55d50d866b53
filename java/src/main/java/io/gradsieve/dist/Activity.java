package io.gradsieve.dist;

import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import io.gradsieve.dist.rendezvous.Message.Phase;

/**
 * What this worker is at, for its heartbeats: written by the threads that work, read by the one
 * that tells. A value may be a moment older than another.
 */
public final class Activity {
  private volatile Phase phase = Phase.LOADING;
  private volatile long step;
  private volatile int bucket;

  /** From now on it does this. */
  public void phase(Phase now) {
    phase = now;
  }

  /** What it does. */
  public Phase phase() {
    return phase;
  }

  /** So many steps are done, since the start of the run. */
  public void steps(long done) {
    step = done;
    bucket = 0;
  }

  /**
   * One more part of a whole is done: a bucket of a step, a batch of a pass. Who waits for long
   * sees by it that something moves. Called by one thread at a time.
   */
  public void worked() {
    bucket = bucket + 1;
  }

  /** As a heartbeat tells it, with the bytes exchanged with other workers. */
  public Heartbeat heartbeat(long bytesIn, long bytesOut) {
    return new Heartbeat(step, bucket, bytesIn, bytesOut, phase);
  }
}
