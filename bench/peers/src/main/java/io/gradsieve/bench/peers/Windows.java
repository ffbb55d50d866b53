package io.gradsieve.bench.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.DoubleSupplier;

/**
 * The side of a window that trains, step by step. Each line of standard input, {@code <seconds>
 * <steps>}, asks for a window of at least so many seconds and steps; the answer is one line, {@code
 * <samples> <seconds> <loss>}. Between windows the process waits. The end of the input ends it.
 */
public final class Windows {
  private final BufferedReader in =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
  private final PrintStream out = System.out;
  private double wanted;
  private int least;
  private int steps;
  private long samples;
  private long start;
  private double seconds;

  /** Says {@code ready} and waits for the first window; false if none comes. */
  public boolean open() {
    out.println("ready");
    return begin();
  }

  /**
   * Counts a step. At the end of its window answers, with a loss so that a run that learns nothing
   * is seen, and waits for the next; false if none comes.
   */
  public boolean stepDone(int batch, DoubleSupplier loss) {
    return !full(batch) || answer(loss.getAsDouble());
  }

  /** Counts a step; whether it ends the window. */
  boolean full(int batch) {
    steps++;
    samples += batch;
    seconds = (System.nanoTime() - start) * 1e-9;
    return steps >= least && seconds >= wanted;
  }

  /** Answers for the window that is full and waits for the next one; false if none comes. */
  boolean answer(double loss) {
    out.println(samples + " " + seconds + " " + loss);
    return begin();
  }

  /** Counts from here on: what was done since the window was asked for belongs to no window. */
  void restart() {
    steps = 0;
    samples = 0;
    start = System.nanoTime();
  }

  /** Of a step of the window that is full. */
  double secondsOfStep() {
    return seconds / steps;
  }

  private boolean begin() {
    try {
      String line = in.readLine();
      if (line == null) {
        return false;
      }
      String[] words = line.split(" ", -1);
      wanted = Double.parseDouble(words[0]);
      least = Integer.parseInt(words[1]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    restart();
    return true;
  }
}
