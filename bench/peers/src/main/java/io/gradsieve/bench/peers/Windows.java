package io.gradsieve.bench.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * The side of a window that trains. Each line of standard input, {@code <seconds> <steps>}, asks
 * for a window of at least so many seconds and steps; the answer is one line, {@code <samples>
 * <seconds> <loss>}. Between windows the process waits and takes no processor time. The end of the
 * input ends it.
 */
final class Windows {
  /** One training step over a whole batch. */
  interface Step {
    /** Trains on the next batch. */
    void run();
  }

  /** The loss of the last step, so that a run that learns nothing is seen. */
  interface Loss {
    double value();
  }

  private Windows() {}

  /** Says {@code ready}, then answers windows until the input ends. */
  static void serve(int batchSize, Step step, Loss loss) throws IOException {
    PrintStream out = System.out;
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    out.println("ready");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ", -1);
      double wanted = Double.parseDouble(words[0]);
      int least = Integer.parseInt(words[1]);
      long start = System.nanoTime();
      double seconds = 0;
      int steps = 0;
      while (steps < least || seconds < wanted) {
        step.run();
        steps++;
        seconds = (System.nanoTime() - start) * 1e-9;
      }
      out.println((long) steps * batchSize + " " + seconds + " " + loss.value());
    }
  }
}
