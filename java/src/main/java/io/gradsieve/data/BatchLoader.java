package io.gradsieve.data;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.RandomBits;
import io.gradsieve.data.augment.Augment;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Fills slots with the batches of an epoch, in the plan's order: a batch is a list of samples,
 * their labels and weights, and filling a slot a matter of microseconds; if samples are augmented,
 * which may be work, a background thread fills slots while the caller works on those filled before.
 * One caller; nothing is allocated per batch. Slots belong to the caller and must outlive this.
 *
 * <pre>
 * loader.start(order, weights, batchSizes, seed, epoch);
 * while (loader.hasNext()) {
 *   Batch batch = loader.next();
 *   … // queue the step, wait until the device has read the slot
 *   loader.release(batch);
 * }
 * </pre>
 */
public final class BatchLoader implements AutoCloseable {
  private final Dataset data;
  private final Augment augment;
  private final double[] userWeights;
  private final Batch[] batches;

  /** Fills ahead; null where {@link #next} fills, and the monitor is never contended. */
  private final @Nullable Thread thread;

  // All below is guarded by this object's monitor, which, unlike java.util.concurrent's locks,
  // allocates nothing when it waits.
  private final int[] free;
  private int freeCount;
  private final int[] ready;
  private int readyFirst;
  private int readyCount;
  private int[] samples = {};
  private float[] planWeights = {};
  private int[] batchSizes = {};
  private RandomBits draws = Augment.draws(0, 0);
  private int filled;
  private int taken;
  private int filledSamples;
  private boolean filling;
  private long waited;
  private boolean closed;
  private @Nullable Throwable failure;

  /**
   * Starts the thread, if there is to be one.
   *
   * @param userWeights u_i by position in the data set, mean 1 over the training part
   * @param slots where batches are put; two suffice to overlap loading and work
   */
  public BatchLoader(Dataset data, Augment augment, double[] userWeights, List<Slot> slots) {
    if (userWeights.length != data.size()) {
      throw new IllegalArgumentException(
          userWeights.length + " weights for " + data.size() + " samples");
    }
    if (augment != Augment.NONE && data.shape().height() * data.shape().width() == 1) {
      throw new Usage(
          "--augment "
              + augment
              + " changes images, and "
              + data.name()
              + " has none; leave it out");
    }
    this.data = data;
    this.augment = augment;
    this.userWeights = userWeights;
    batches = new Batch[slots.size()];
    free = new int[slots.size()];
    ready = new int[slots.size()];
    for (int i = 0; i < batches.length; i++) {
      batches[i] = new Batch(slots.get(i), i);
      free[freeCount++] = i;
    }
    thread = augment == Augment.NONE ? null : new Thread(this::fillAhead, "gradsieve-batches");
    if (thread != null) {
      thread.setDaemon(true);
      thread.start();
    }
  }

  /**
   * Begins an epoch, or the rest of one; what is left of an earlier one is dropped. The arrays are
   * read until the epoch ends.
   *
   * @param samples positions in the data set, in order
   * @param planWeights w_i, one for each of {@code samples}
   * @param batchSizes sizes of the batches, which add up to {@code samples}
   */
  public synchronized void start(
      int[] samples, float[] planWeights, int[] batchSizes, long seed, int epoch) {
    checkEpoch(samples, planWeights, batchSizes);
    stopFilling();
    while (readyCount > 0) {
      free[freeCount++] = ready[readyFirst];
      readyFirst = (readyFirst + 1) % ready.length;
      readyCount--;
    }
    if (freeCount < batches.length) {
      throw new IllegalStateException((batches.length - freeCount) + " batches were not released");
    }
    this.samples = samples;
    this.planWeights = planWeights;
    this.draws = Augment.draws(seed, epoch);
    this.filled = 0;
    this.filledSamples = 0;
    this.taken = 0;
    this.batchSizes = batchSizes;
    failure = null;
    notifyAll();
  }

  private void checkEpoch(int[] samples, float[] planWeights, int[] batchSizes) {
    long sum = 0;
    for (int size : batchSizes) {
      if (size < 0 || size > batches[0].samples().length) {
        throw new IllegalArgumentException(
            "batch of " + size + " samples in slots of " + batches[0].samples().length);
      }
      sum += size;
    }
    if (sum != samples.length || planWeights.length != samples.length) {
      throw new IllegalArgumentException(
          samples.length + " samples, " + planWeights.length + " weights, batches of " + sum);
    }
  }

  /** Ends the current epoch for the thread and waits until it is between batches. */
  private void stopFilling() {
    batchSizes = new int[0];
    filled = 0;
    taken = 0;
    while (filling) {
      await();
    }
  }

  /** Whether the epoch has another batch. */
  public synchronized boolean hasNext() {
    return taken < batchSizes.length;
  }

  /** The next batch, waiting for it. Rethrows what went wrong in filling it. */
  public synchronized Batch next() {
    if (taken >= batchSizes.length) {
      throw new NoSuchElementException("the epoch has no more batches");
    }
    awaitReady();
    if (closed) {
      throw new IllegalStateException("the loader is closed");
    }
    if (readyCount == 0) {
      throw rethrown(failure);
    }
    Batch batch = batches[ready[readyFirst]];
    readyFirst = (readyFirst + 1) % ready.length;
    readyCount--;
    taken++;
    return batch;
  }

  private void awaitReady() {
    while (readyCount == 0 && failure == null && !closed) {
      if (freeCount == 0 && !filling) {
        throw new IllegalStateException(
            "all " + batches.length + " slots are on loan; release one first");
      }
      if (thread == null) {
        fill(take());
      } else {
        long began = System.nanoTime();
        await();
        waited += System.nanoTime() - began;
      }
    }
  }

  /** Nanoseconds that {@link #next} has waited for the thread so far. */
  public synchronized long waited() {
    return waited;
  }

  private static RuntimeException rethrown(@Nullable Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return failure instanceof RuntimeException runtime
        ? runtime
        : new IllegalStateException(failure);
  }

  /** Gives a batch back; the device must have read it. */
  public synchronized void release(Batch batch) {
    free[freeCount++] = batch.number();
    notifyAll();
  }

  /** Ends the thread and waits for it; batches on loan stay valid as long as their slots. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    boolean interrupted = false;
    while (thread != null && thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits for a change; an interrupt is kept for the caller to see, since a batch cannot be left
   * half filled.
   */
  private void await() {
    boolean interrupted = false;
    for (boolean done = false; !done; ) {
      try {
        wait();
        done = true;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void fillAhead() {
    for (Batch batch = takeFree(); batch != null; batch = takeFree()) {
      fill(batch);
    }
  }

  /** A free slot for the next batch, waiting for both; null when closed. */
  private synchronized @Nullable Batch takeFree() {
    while (!closed && (failure != null || filled >= batchSizes.length || freeCount == 0)) {
      await();
    }
    return closed ? null : take();
  }

  /** Gives the next batch a free slot; there are both. */
  private Batch take() {
    Batch batch = batches[free[--freeCount]];
    batch.begin(filledSamples, batchSizes[filled]);
    filledSamples += batch.size();
    filled++;
    filling = true;
    return batch;
  }

  private void fill(Batch batch) {
    Throwable thrown = null;
    try {
      load(batch);
    } catch (RuntimeException | Error e) {
      thrown = e;
    }
    putFilled(batch, thrown);
  }

  private synchronized void putFilled(Batch batch, @Nullable Throwable thrown) {
    filling = false;
    if (thrown == null) {
      ready[(readyFirst + readyCount) % ready.length] = batch.number();
      readyCount++;
    } else {
      failure = thrown;
      free[freeCount++] = batch.number();
    }
    notifyAll();
  }

  private void load(Batch batch) {
    Slot slot = batch.slot();
    for (int i = 0; i < batch.size(); i++) {
      int place = batch.first() + i;
      int sample = samples[place];
      batch.samples()[i] = sample;
      long draw = augment == Augment.NONE ? 0 : draws.bits(data.index(sample));
      slot.samples().put(i, sample, augment, draw);
      slot.labels().put(i, Math.max(0, data.label(sample)));
      slot.ids().put(i, data.index(sample));
      slot.planWeights().put(i, planWeights[place]);
      slot.sampleWeights().put(i, (float) userWeights[sample]);
    }
  }
}
