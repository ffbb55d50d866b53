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
    steps++;
    samples += batch;
    double seconds = (System.nanoTime() - start) * 1e-9;
    if (steps < least || seconds < wanted) {
      return true;
    }
    out.println(samples + " " + seconds + " " + loss.getAsDouble());
    return begin();
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
    steps = 0;
    samples = 0;
    start = System.nanoTime();
    return true;
  }
}
