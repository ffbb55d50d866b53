package io.gradsieve.train;

import io.gradsieve.data.Batch;
import io.gradsieve.data.BatchLoader;
import io.gradsieve.sieve.EpochPlan;
import java.util.List;

/**
 * The micro-batches of an epoch on their way: loaded, queued on the device, awaited. While one
 * runs, the next is queued behind it, so that the device never waits for us.
 */
final class LookAhead {
  /**
   * Seconds from which on a micro-batch is not queued ahead: it would gain nothing, and a stop,
   * which waits for what is queued, has 25 s.
   */
  private static final double LONG = 1;

  private static final double NANOS = 1e-9;

  /** Most that are queued at once. */
  private static final int MOST = 2;

  private final BatchLoader loader;
  private final Workers workers;
  private final Batch[] loaded = new Batch[MOST];
  private List<MicroBatch> batches = List.of();
  private int queued;
  private int finished;
  private long before;

  /** Micro-batches of epochs that have ended. */
  private long ended;

  /** Whether the last one was short enough to queue another behind it. */
  private boolean pays;

  LookAhead(BatchLoader loader, Workers workers) {
    this.loader = loader;
    this.workers = workers;
  }

  /**
   * Starts to load.
   *
   * @param left all that an epoch has left
   * @param train positions in the data set of the plan's rows
   */
  void start(List<MicroBatch> left, EpochPlan plan, int[] train, long seed, int epoch) {
    batches = left;
    queued = 0;
    finished = 0;
    int[] positions = MicroBatches.entries(left);
    float[] weights = new float[positions.length];
    for (int i = 0; i < positions.length; i++) {
      int entry = positions[i];
      positions[i] = train[plan.order()[entry]];
      weights[i] = plan.weights()[entry];
    }
    loader.start(positions, weights, MicroBatches.sizes(left), seed, epoch);
    before = System.nanoTime();
  }

  /**
   * Whether to queue another. A stop waits for the end of a step, and of the first of an epoch at
   * least, so that it has one to save; it may come between two calls.
   */
  boolean takes() {
    boolean stops =
        queued > 0 && batches.get(queued - 1).last() && workers.stops(ended + queued, MOST - 1);
    return queued < batches.size() && queued - finished < (pays ? MOST : 1) && !stops;
  }

  /** The next one, loaded; to be queued. */
  MicroBatch next() {
    MicroBatch next = batches.get(queued++);
    loaded[next.number() % MOST] = loader.next();
    return next;
  }

  /** Whether one is queued and not released. */
  boolean underWay() {
    return finished < queued;
  }

  /** The one that was queued first; to be awaited. */
  MicroBatch oldest() {
    return batches.get(finished);
  }

  /** The samples of one that is under way. */
  Batch samples(MicroBatch batch) {
    return loaded[batch.number() % MOST];
  }

  /** Gives the oldest back, which the device has done; returns how many seconds it took. */
  double release() {
    loader.release(samples(oldest()));
    finished++;
    long now = System.nanoTime();
    double seconds = (now - before) * NANOS;
    before = now;
    pays = seconds < LONG;
    return seconds;
  }

  /** Drops what is left after a stop, so that others may load. */
  void end() {
    ended += queued;
    Batches.stop(loader);
  }
}
