package io.gradsieve.backend;

import java.nio.LongBuffer;

/**
 * When each thread of the device ran each phase of each segment in the last step that ran it, in
 * nanoseconds of {@link System#nanoTime}'s clock. Read between {@link CompiledStep#await} and the
 * next {@link CompiledStep#begin}.
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

  /**
   * @param times [threads, segments, phases, 3]: began, ended, and how much of that was waiting
   */
  public StepTimes(int threads, int segments, LongBuffer times) {
    this.threads = threads;
    this.segments = segments;
    this.times = times;
    if (times.capacity() < longs(threads, segments)) {
      throw new IllegalArgumentException("no room for the times of all threads and segments");
    }
  }

  /** Numbers that are kept. */
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
    return ((thread * segments + segment) * PHASES + phase.ordinal()) * NUMBERS;
  }

  /** A copy of all numbers, into an array of {@link #longs}. */
  public void copyTo(long[] target) {
    times.get(0, target, 0, longs(threads, segments));
  }
}
