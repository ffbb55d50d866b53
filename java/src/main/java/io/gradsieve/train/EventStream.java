package io.gradsieve.train;

import io.gradsieve.train.TrainingEvent.CheckpointSaved;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingEvent.EpochStarted;
import io.gradsieve.train.TrainingEvent.Evaluated;
import io.gradsieve.train.TrainingEvent.FilterLearned;
import io.gradsieve.train.TrainingEvent.Interrupted;
import io.gradsieve.train.TrainingEvent.Rescored;
import io.gradsieve.train.TrainingEvent.RunFinished;
import io.gradsieve.train.TrainingEvent.RunStarted;
import io.gradsieve.train.TrainingEvent.StepFinished;
import io.gradsieve.train.TrainingEvent.Warning;
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
  private static final int STEPS = 1024; // 104 KiB

  // A slot: its stamp, then the values of a step.
  private static final int STAMP = 0;
  private static final int NUMBER = 1;
  private static final int EPOCH = 2;
  private static final int STEP = 3;
  private static final int OF_STEPS = 4;
  private static final int SAMPLES = 5;
  private static final int DONE = 6;
  private static final int KEPT = 7;
  private static final int LOSS = 8;
  private static final int ACCURACY = 9;
  private static final int RATE = 10;
  private static final int SECONDS = 11;
  private static final int LEFT = 12;
  private static final int SLOT = 13;

  private static final long LOOK_NANOS = 1_000_000; // between two looks of a reader that waits

  private final int capacity;
  private final AtomicLongArray ring;
  private final ConcurrentLinkedQueue<TrainingEvent> queue = new ConcurrentLinkedQueue<>();

  /** Steps that were written. */
  private final AtomicLong head = new AtomicLong();

  private final AtomicLong dropped = new AtomicLong();

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
  public void runStarted(RunStarted event) {
    queue.add(event);
  }

  @Override
  public void filterLearned(FilterLearned event) {
    queue.add(event);
  }

  @Override
  public void epochStarted(EpochStarted event) {
    queue.add(event);
  }

  /** Puts the step into the ring, in place of the oldest. */
  @Override
  public void stepFinished(StepValues step) {
    long index = head.getPlain();
    int at = slot(index);
    ring.setOpaque(at + STAMP, 2 * index + 1);
    VarHandle.releaseFence(); // no value before the odd stamp
    ring.setOpaque(at + NUMBER, step.number());
    ring.setOpaque(at + EPOCH, step.epoch());
    ring.setOpaque(at + STEP, step.step());
    ring.setOpaque(at + OF_STEPS, step.steps());
    ring.setOpaque(at + SAMPLES, step.samples());
    ring.setOpaque(at + DONE, step.done());
    ring.setOpaque(at + KEPT, step.kept());
    ring.setOpaque(at + LOSS, Double.doubleToRawLongBits(step.meanLoss()));
    ring.setOpaque(at + ACCURACY, Double.doubleToRawLongBits(step.accuracy()));
    ring.setOpaque(at + RATE, Double.doubleToRawLongBits(step.learningRate()));
    ring.setOpaque(at + SECONDS, Double.doubleToRawLongBits(step.seconds()));
    ring.setOpaque(at + LEFT, Double.doubleToRawLongBits(step.secondsLeft()));
    ring.setRelease(at + STAMP, 2 * index + 2);
    head.setRelease(index + 1);
  }

  @Override
  public void rescored(Rescored event) {
    queue.add(event);
  }

  @Override
  public void evaluated(Evaluated event) {
    queue.add(event);
  }

  @Override
  public void epochFinished(EpochFinished event) {
    queue.add(event);
  }

  @Override
  public void checkpointSaved(CheckpointSaved event) {
    queue.add(event);
  }

  @Override
  public void warned(Warning event) {
    queue.add(event);
  }

  @Override
  public void interrupted(Interrupted event) {
    queue.add(event);
  }

  @Override
  public void runFinished(RunFinished event) {
    queue.add(event);
  }

  // ---- the reader's thread

  /**
   * The next event, in the order in which they happened.
   *
   * @param atMost how long to wait for one
   * @return empty if none came in that time: the loop is busy, or the run has ended; after {@link
   *     RunFinished} none comes, nor after an exception of {@link Trainer#run}
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
      StepFinished step = read();
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
  private @Nullable StepFinished read() {
    int at = slot(tail);
    long stamp = 2 * tail + 2;
    if (ring.getAcquire(at + STAMP) != stamp) {
      return null;
    }
    StepFinished step =
        new StepFinished(
            ring.getOpaque(at + NUMBER),
            (int) ring.getOpaque(at + EPOCH),
            (int) ring.getOpaque(at + STEP),
            (int) ring.getOpaque(at + OF_STEPS),
            (int) ring.getOpaque(at + SAMPLES),
            ring.getOpaque(at + DONE),
            ring.getOpaque(at + KEPT),
            Double.longBitsToDouble(ring.getOpaque(at + LOSS)),
            Double.longBitsToDouble(ring.getOpaque(at + ACCURACY)),
            Double.longBitsToDouble(ring.getOpaque(at + RATE)),
            Double.longBitsToDouble(ring.getOpaque(at + SECONDS)),
            Double.longBitsToDouble(ring.getOpaque(at + LEFT)));
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
