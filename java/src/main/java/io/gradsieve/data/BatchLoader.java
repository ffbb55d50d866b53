package io.gradsieve.data;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.RandomBits;
import io.gradsieve.data.augment.Augment;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Fills slots with the batches of an epoch, in the plan's order, on a background thread of its own,
 * while the caller works on those filled before. One caller; nothing is allocated per batch. Slots
 * belong to the caller and must outlive this.
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
  private final SampleStore store;
  private final Augment augment;
  private final double[] userWeights;
  private final Batch[] batches;
  private final Thread thread;

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
  private boolean epochBegins;
  private boolean filling;
  private long waited;
  private boolean closed;
  private @Nullable Throwable failure;

  /**
   * Starts the thread.
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
    this.store = data.store();
    this.augment = augment;
    this.userWeights = userWeights;
    batches = new Batch[slots.size()];
    free = new int[slots.size()];
    ready = new int[slots.size()];
    for (int i = 0; i < batches.length; i++) {
      if (slots.get(i).inputs().capacity() < (long) slots.get(i).capacity() * data.sampleBytes()) {
        throw new IllegalArgumentException("slot " + i + " is too small for its batch");
      }
      batches[i] = new Batch(slots.get(i), i);
      free[freeCount++] = i;
    }
    thread = new Thread(this::fillAll, "gradsieve-batches");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Begins an epoch, or the rest of one; what is left of an earlier one is dropped. The arrays are
   * read until the epoch ends.
   *
   * @param samples positions in the data set, in order
   * @param planWeights w_i, one for each of {@code samples}
   * @param batchSizes sizes of the batches, positive, which add up to {@code samples}
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
    this.taken = 0;
    this.batchSizes = batchSizes;
    failure = null;
    notifyAll();
  }

  private void checkEpoch(int[] samples, float[] planWeights, int[] batchSizes) {
    long sum = 0;
    for (int size : batchSizes) {
      if (size < 1 || size > batches[0].samples().length) {
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

  /** The next batch, waiting for it. Rethrows what went wrong on the thread. */
  public synchronized Batch next() {
    if (taken >= batchSizes.length) {
      throw new NoSuchElementException("the epoch has no more batches");
    }
    if (readyCount == 0) {
      long began = System.nanoTime();
      awaitReady();
      waited += System.nanoTime() - began;
    }
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
      await();
    }
  }

  /** Nanoseconds that {@link #next} has waited for batches so far. */
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
    while (thread.isAlive()) {
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

  private void fillAll() {
    int first = 0;
    for (Batch batch = takeFree(); batch != null; batch = takeFree()) {
      // the first batch of an epoch is the only one taken with nothing filled before it
      first = epochBegins ? 0 : first;
      Throwable thrown = null;
      try {
        fill(batch, first);
      } catch (RuntimeException | Error e) {
        thrown = e;
      }
      first += batch.size();
      putFilled(batch, thrown);
    }
  }

  /** The next free slot with the size of the next batch, waiting for both; null when closed. */
  private synchronized @Nullable Batch takeFree() {
    while (!closed && (failure != null || filled >= batchSizes.length || freeCount == 0)) {
      await();
    }
    if (closed) {
      return null;
    }
    Batch batch = batches[free[--freeCount]];
    batch.size(batchSizes[filled]);
    epochBegins = filled == 0;
    filled++;
    filling = true;
    return batch;
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

  private void fill(Batch batch, int first) {
    Slot slot = batch.slot();
    int sampleBytes = data.sampleBytes();
    int height = data.shape().height();
    int width = data.shape().width();
    int pixelBytes = sampleBytes / (height * width);
    for (int i = 0; i < batch.size(); i++) {
      int sample = samples[first + i];
      batch.samples()[i] = sample;
      if (augment == Augment.NONE) {
        store.copy(sample, slot.inputs(), i * sampleBytes);
      } else {
        augment.apply(
            draws.bits(data.index(sample)),
            store.chunk(sample),
            store.offset(sample),
            height,
            width,
            pixelBytes,
            slot.inputs(),
            i * sampleBytes);
      }
      slot.labels().put(i, Math.max(0, data.label(sample)));
      slot.ids().put(i, data.index(sample));
      slot.planWeights().put(i, planWeights[first + i]);
      slot.sampleWeights().put(i, (float) userWeights[sample]);
    }
  }
}
