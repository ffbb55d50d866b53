package io.gradsieve.backend;

import java.nio.LongBuffer;
import java.util.function.IntSupplier;

/**
 * When each thread of the device ran each phase of each segment in the step last awaited, in
 * nanoseconds of {@link System#nanoTime}'s clock. As valid as {@link CompiledStep#records}.
 */
public final class StepTimes {
  /** The passes over the segments. */
  public enum Phase {
    FORWARD,
    BACKWARD,
    UPDATE
  }

  private static final int PHASES = Phase.values().length;
  private static final int NUMBERS = 3;

  private final int threads;
  private final int segments;
  private final LongBuffer times;
  private final IntSupplier set;

  /**
   * @param times sets of [threads, segments, phases, 3]: began, ended, and how much of that was
   *     waiting
   * @param set which of them to read
   */
  public StepTimes(int threads, int segments, LongBuffer times, IntSupplier set) {
    this.threads = threads;
    this.segments = segments;
    this.times = times;
    this.set = set;
    if (times.capacity() < longs(threads, segments)) {
      throw new IllegalArgumentException("no room for the times of all threads and segments");
    }
  }

  /** Numbers of a set. */
  public static int longs(int threads, int segments) {
    return Math.multiplyExact(threads, segments) * PHASES * NUMBERS;
  }

  public int threads() {
    return threads;
  }

  public int segments() {
    return segments;
  }

  public long began(int thread, int segment, Phase phase) {
    return times.get(at(thread, segment, phase));
  }

  public long ended(int thread, int segment, Phase phase) {
    return times.get(at(thread, segment, phase) + 1);
  }

  /** Nanoseconds between the two in which the thread waited for the others. */
  public long waited(int thread, int segment, Phase phase) {
    return times.get(at(thread, segment, phase) + 2);
  }

  private int at(int thread, int segment, Phase phase) {
    return first() + ((thread * segments + segment) * PHASES + phase.ordinal()) * NUMBERS;
  }

  private int first() {
    return set.getAsInt() * longs(threads, segments);
  }

  /** A copy of all numbers, into an array of {@link #longs}. */
  public void copyTo(long[] target) {
    times.get(first(), target, 0, longs(threads, segments));
  }
}
