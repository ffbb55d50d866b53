package io.gradsieve.train;

import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * The events of a run for one reader on another thread, which may be as slow as it likes: the loop
 * never waits, locks or allocates for it. Steps lie in a ring; a reader that is overtaken there
 * goes on in the middle of it, and {@link #dropped} says how many steps it has not seen. All other
 * events wait for it in a queue.
 *
 * <p>A step in the ring is a sequence lock (Boehm, "Can seqlocks get along with programming
 * language memory models?", 2012): its stamp is odd while it is written, and a reader keeps what it
 * read if the stamp was the same even number before and after.
 */
public final class EventStream implements TrainingListener {
  private static final int STEPS = 1024; // 88 KiB

  // A slot: its stamp, then the values of a step.
  private static final int STAMP = 0;
  private static final int NUMBER = 1;
  private static final int EPOCH = 2;
  private static final int STEP = 3;
  private static final int OF_STEPS = 4;
  private static final int DONE = 5;
  private static final int KEPT = 6;
  private static final int LOSS = 7;
  private static final int ACCURACY = 8;
  private static final int RATE = 9;
  private static final int SECONDS = 10;
  private static final int SLOT = 11;

  private static final long LOOK_NANOS = 1_000_000; // between two looks of a reader that waits

  private final int capacity;
  private final AtomicLongArray ring;
  private final ConcurrentLinkedQueue<TrainingEvent> queue = new ConcurrentLinkedQueue<>();

  /** Steps that were written. */
  private final AtomicLong head = new AtomicLong();

  private final AtomicLong dropped = new AtomicLong();

  /** Events so far; the loop's. */
  private long count;

  /** Steps that were read or dropped; the reader's. */
  private long tail;

  /** A stream that holds the last 1,024 steps for its reader. */
  public EventStream() {
    this(STEPS);
  }

  /** A stream that holds the last {@code steps} steps, at least 2. */
  EventStream(int steps) {
    capacity = steps;
    ring = new AtomicLongArray(steps * SLOT);
  }

  // ---- the loop's thread

  @Override
  public void runStarted(TrainingState state) {
    queue.add(
        new TrainingEvent.RunStarted(
            count++,
            state.data().train().length,
            state.network().spec().trainableElements(),
            state.config().epochs(),
            state.epoch(),
            state.step()));
  }

  @Override
  public void epochStarted(TrainingState state) {
    queue.add(
        new TrainingEvent.EpochStarted(
            count++,
            state.epoch(),
            state.plan().steps(),
            state.plan().order().length,
            state.plan().filtered(),
            state.plan().lrScale()));
  }

  @Override
  public void stepFinished(TrainingState state) {
    EpochTotals totals = state.epochTotals();
    put(
        state.epoch(),
        state.step(),
        state.plan().steps(),
        state.done(),
        totals.kept(),
        totals.meanLoss(),
        totals.accuracy(),
        totals.learningRate,
        totals.seconds());
  }

  /** A step into the ring, in place of the oldest. */
  void put(
      int epoch,
      int step,
      int steps,
      long done,
      long kept,
      double meanLoss,
      double accuracy,
      double learningRate,
      double seconds) {
    long index = head.getPlain();
    int at = slot(index);
    ring.setOpaque(at + STAMP, 2 * index + 1);
    VarHandle.releaseFence(); // no value before the odd stamp
    ring.setOpaque(at + NUMBER, count++);
    ring.setOpaque(at + EPOCH, epoch);
    ring.setOpaque(at + STEP, step);
    ring.setOpaque(at + OF_STEPS, steps);
    ring.setOpaque(at + DONE, done);
    ring.setOpaque(at + KEPT, kept);
    ring.setOpaque(at + LOSS, Double.doubleToRawLongBits(meanLoss));
    ring.setOpaque(at + ACCURACY, Double.doubleToRawLongBits(accuracy));
    ring.setOpaque(at + RATE, Double.doubleToRawLongBits(learningRate));
    ring.setOpaque(at + SECONDS, Double.doubleToRawLongBits(seconds));
    ring.setRelease(at + STAMP, 2 * index + 2);
    head.setRelease(index + 1);
  }

  @Override
  public void interrupted(TrainingState state) {
    queue.add(new TrainingEvent.Interrupted(count++, state.epoch(), state.step()));
  }

  @Override
  public void epochFinished(TrainingState state, EpochMetrics metrics) {
    queue.add(new TrainingEvent.EpochFinished(count++, metrics));
  }

  @Override
  public void runFinished(TrainingState state, TrainingResult result) {
    queue.add(new TrainingEvent.RunFinished(count++, result));
  }

  // ---- the reader's thread

  /**
   * The next event, in the order in which they happened.
   *
   * @param atMost how long to wait for one
   * @return empty if none came in that time: the loop is busy, or the run has ended; after {@link
   *     TrainingEvent.RunFinished} none comes, nor after an exception of {@link Trainer#run}
   */
  public Optional<TrainingEvent> next(Duration atMost) throws InterruptedException {
    long start = System.nanoTime();
    TrainingEvent event = poll();
    while (event == null && System.nanoTime() - start < atMost.toNanos()) {
      TimeUnit.NANOSECONDS.sleep(LOOK_NANOS);
      event = poll();
    }
    return Optional.ofNullable(event);
  }

  /** Steps that the reader has not seen, because it was too slow; any thread may ask. */
  public long dropped() {
    return dropped.get();
  }

  private @Nullable TrainingEvent poll() {
    TrainingEvent queued = queue.peek(); // before the ring: steps that came before it are there
    for (; ; ) {
      long written = head.getAcquire();
      if (written == tail) {
        return queued == null ? null : queue.remove();
      }
      if (written - tail > capacity) {
        skipTo(written - capacity / 2);
      }
      TrainingEvent.StepFinished step = read();
      if (step == null) {
        continue; // overtaken meanwhile
      }
      queued = queue.peek(); // after the ring: what came before this step is there
      if (queued != null && queued.number() < step.number()) {
        return queue.remove();
      }
      tail++;
      return step;
    }
  }

  /** The step at the tail; null if another is there by now. */
  private TrainingEvent.@Nullable StepFinished read() {
    int at = slot(tail);
    long stamp = 2 * tail + 2;
    if (ring.getAcquire(at + STAMP) != stamp) {
      return null;
    }
    TrainingEvent.StepFinished step =
        new TrainingEvent.StepFinished(
            ring.getOpaque(at + NUMBER),
            (int) ring.getOpaque(at + EPOCH),
            (int) ring.getOpaque(at + STEP),
            (int) ring.getOpaque(at + OF_STEPS),
            ring.getOpaque(at + DONE),
            ring.getOpaque(at + KEPT),
            Double.longBitsToDouble(ring.getOpaque(at + LOSS)),
            Double.longBitsToDouble(ring.getOpaque(at + ACCURACY)),
            Double.longBitsToDouble(ring.getOpaque(at + RATE)),
            Double.longBitsToDouble(ring.getOpaque(at + SECONDS)));
    VarHandle.acquireFence(); // no value after the second look at the stamp
    return ring.getOpaque(at + STAMP) == stamp ? step : null;
  }

  private void skipTo(long index) {
    dropped.addAndGet(index - tail);
    tail = index;
  }

  private int slot(long index) {
    return (int) (index % capacity) * SLOT;
  }
}
