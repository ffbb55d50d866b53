package io.gradsieve.bench.peers;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Sides that take turns on the same cores. While one's window runs the others have to sleep, and
 * that is measured: what their processes, all threads together, use of a core meanwhile. A window
 * in which one was awake is repeated. What other programs used of the cores is measured too.
 */
final class Sitting implements AutoCloseable {
  /** OpenMP's threads spin for up to 200 ms after their last loop: not in the other's window. */
  private static final int SETTLE_MILLIS = 300;

  /** Of a core. A JVM that waits uses 0.1 to 0.3 %. */
  private static final double MOST_AWAKE = 0.01;

  /** The system tells a process's time in ticks; one more or less means nothing. */
  private static final double TICK_SECONDS = 0.01;

  private static final int ATTEMPTS = 3;

  private final Map<String, Side> sides = new LinkedHashMap<>();
  private final Map<String, Double> awake = new LinkedHashMap<>();
  private double foreign;

  void join(String name, Side side) {
    sides.put(name, side);
    awake.put(name, 0.0);
  }

  Side side(String name) {
    return sides.get(name);
  }

  /** The most of a core that a side used in a window of another's that counts. */
  double awake(String name) {
    return awake.get(name);
  }

  /** The most of the cores that other programs, or other virtual machines, used in a window. */
  double foreign() {
    return foreign;
  }

  /**
   * Samples/s of a window of at least so many seconds and steps.
   *
   * @throws IOException if another side was awake in it however often it was repeated
   */
  double window(String name, double seconds, int steps) throws IOException {
    String disturbance = "";
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      settle();
      Map<String, Double> before = cpuSeconds();
      double busyBefore = Processors.busySeconds();
      long start = System.nanoTime();
      double rate = sides.get(name).window(seconds, steps);
      double elapsed = (System.nanoTime() - start) * 1e-9;
      double busy = Processors.busySeconds() - busyBefore;
      Map<String, Double> used = cpuSeconds();
      used.replaceAll((side, after) -> after - before.get(side));
      for (double ours : used.values()) {
        busy -= ours;
      }
      used.remove(name);
      disturbance = disturbance(used, elapsed);
      if (disturbance.isEmpty()) {
        used.forEach((other, cpu) -> awake.merge(other, cpu / elapsed, Math::max));
        foreign = Math.max(foreign, busy / elapsed / Processors.count());
        return rate;
      }
    }
    throw new IOException(
        "%s in a window of %s, %d times over: end what keeps it awake, and measure the cell again"
            .formatted(disturbance, name, ATTEMPTS));
  }

  private static String disturbance(Map<String, Double> used, double elapsed) {
    for (Map.Entry<String, Double> other : used.entrySet()) {
      if (other.getValue() > MOST_AWAKE * elapsed + TICK_SECONDS) {
        return "%s used %.1f %% of a core"
            .formatted(other.getKey(), 100 * other.getValue() / elapsed);
      }
    }
    return "";
  }

  private Map<String, Double> cpuSeconds() throws IOException {
    Map<String, Double> seconds = new LinkedHashMap<>();
    for (Map.Entry<String, Side> side : sides.entrySet()) {
      seconds.put(side.getKey(), side.getValue().cpuSeconds());
    }
    return seconds;
  }

  private static void settle() throws IOException {
    try {
      TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted between two windows");
    }
  }

  @Override
  public void close() {
    sides.values().forEach(Side::close);
  }
}
