package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Resources;
import io.gradsieve.backend.StepTimes;
import io.gradsieve.backend.StepTimes.Phase;
import java.nio.LongBuffer;
import java.util.Arrays;

/**
 * Events around every segment and phase of a measured step, which runs call by call and by itself.
 * The update is one for all segments: the first has its time.
 */
final class CudaEvents implements CudaTimes, AutoCloseable {
  private static final double NANOSECONDS = 1e6; // of a millisecond
  private static final int PHASES = Phase.values().length;

  private final CudaBackend backend;
  private final int segments;
  private final LongBuffer numbers;
  private final Resources resources = new Resources();
  private final long[] events;
  private final boolean[] used;
  private final long start;
  private long startNanos;

  /** Of a plan with so many segments. */
  CudaEvents(CudaBackend backend, int segments) {
    this.backend = backend;
    this.segments = segments;
    numbers = LongBuffer.allocate(CudaBlocks.SETS * StepTimes.longs(1, segments));
    events = new long[2 * segments * PHASES];
    used = new boolean[events.length];
    try {
      for (int i = 0; i < events.length; i++) {
        events[i] = event();
      }
      start = event();
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  private long event() {
    long event = CudaRuntime.createEvent(true);
    resources.add(() -> CudaRuntime.destroyEvent(event));
    return event;
  }

  /** Sets of what {@link StepTimes} takes, of one thread. */
  LongBuffer numbers() {
    return numbers;
  }

  /** Waits until nothing is queued; what comes is measured. */
  void start() {
    Arrays.fill(used, false);
    CudaRuntime.record(start, backend.stream());
    CudaRuntime.synchronizeEvent(start);
    startNanos = System.nanoTime();
  }

  @Override
  public void began(Phase phase, int segment) {
    mark(2 * (segment * PHASES + phase.ordinal()));
  }

  @Override
  public void ended(Phase phase, int segment) {
    mark(2 * (segment * PHASES + phase.ordinal()) + 1);
  }

  private void mark(int event) {
    CudaRuntime.record(events[event], backend.stream());
    used[event] = true;
  }

  /**
   * The step is done: its times into a set of the numbers. The host looked at its clock some time
   * after the first event; if that puts the last one into the future, it was so much too late.
   */
  void write(int set) {
    long now = System.nanoTime();
    long last = startNanos;
    for (int i = 0; i < events.length; i++) {
      last = used[i] ? Math.max(last, nanos(i)) : last;
    }
    startNanos -= Math.max(0, last - now);
    long end = Math.min(last, now);
    for (int i = 0; i < events.length; i += 2) {
      int to = set * StepTimes.longs(1, segments) + i / 2 * 3;
      numbers.put(to, used[i] ? nanos(i) : end);
      numbers.put(to + 1, used[i] ? nanos(i + 1) : end);
      numbers.put(to + 2, 0);
    }
  }

  private long nanos(int event) {
    return startNanos + (long) (CudaRuntime.milliseconds(start, events[event]) * NANOSECONDS);
  }

  @Override
  public void close() {
    resources.close();
  }
}
