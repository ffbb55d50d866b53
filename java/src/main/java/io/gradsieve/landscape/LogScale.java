package io.gradsieve.landscape;

import java.util.ArrayList;
import java.util.List;

/**
 * A logarithmic axis: losses around a minimum span several powers of ten, and so do shares of
 * eigenvalues.
 */
final class LogScale {
  /** More ticks than this are thinned to one a power of ten. */
  private static final int MOST_TICKS = 8;

  private final double least;
  private final double most;

  /**
   * From {@code least} to {@code most}, widened to ten percent where they are closer.
   *
   * @param floor above 0; a value below is drawn as this
   */
  LogScale(double least, double most, double floor) {
    this.least = Math.max(least, floor);
    this.most = Math.max(most, this.least * 1.1);
  }

  /** 0 at the least, 1 at the most. */
  double position(double value) {
    double at = Math.log(Math.max(value, least) / least) / Math.log(most / least);
    return Math.min(at, 1);
  }

  /** Round values within, ascending: 1, 2 and 5 times powers of ten, or those powers alone. */
  List<Double> ticks() {
    List<Double> all = ticks(1, 2, 5);
    List<Double> ticks = all.size() <= MOST_TICKS ? all : ticks(1);
    return ticks.size() < 2 ? List.of(least, most) : ticks;
  }

  private List<Double> ticks(int... digits) {
    List<Double> ticks = new ArrayList<>();
    int last = (int) Math.floor(Math.log10(most));
    for (int power = (int) Math.floor(Math.log10(least)); power <= last; power++) {
      for (int digit : digits) {
        double tick = digit * Math.pow(10, power);
        if (tick >= least && tick <= most) {
          ticks.add(tick);
        }
      }
    }
    return ticks;
  }
}
