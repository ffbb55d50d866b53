package io.gradsieve.dist.control;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Lines that a test waits for. */
final class Log {
  private final List<String> lines = new ArrayList<>();

  synchronized void add(String line) {
    lines.add(line);
    notifyAll();
  }

  synchronized long count(String part) {
    return lines.stream().filter(line -> line.contains(part)).count();
  }

  /** Waits for a line with this in it. */
  synchronized void await(String part) {
    long by = System.nanoTime() + Job.SOON.toNanos();
    while (count(part) == 0) {
      long left = by - System.nanoTime();
      if (left <= 0) {
        throw new AssertionError("no line with '%s' in %s".formatted(part, lines));
      }
      try {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
