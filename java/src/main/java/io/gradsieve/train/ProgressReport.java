package io.gradsieve.train;

import java.io.PrintStream;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.function.IntSupplier;

/**
 * Progress for people: one bar that is drawn again in place, or a line an epoch and, inside a long
 * one, at most one a minute.
 */
public final class ProgressReport implements TrainingListener {
  /** How it is shown. */
  public enum Form {
    BAR,
    LINES
  }

  private static final long BAR_NANOS = 200_000_000L;
  private static final long LINE_NANOS = 60_000_000_000L;
  private static final int MOST_CELLS = 20;

  /** A shorter bar tells nothing. */
  private static final int LEAST_CELLS = 5;

  private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm");

  private final PrintStream target;
  private final Form form;
  private final IntSupplier columns;
  private long nextNanos;

  /** {@code columns} is asked for the terminal's width at each drawing; a bar stays below it. */
  public ProgressReport(PrintStream target, Form form, IntSupplier columns) {
    this.target = target;
    this.form = form;
    this.columns = columns;
  }

  @Override
  public void runStarted(TrainingState state) {
    nextNanos = System.nanoTime() + interval();
  }

  @Override
  public void stepFinished(TrainingState state) {
    long now = System.nanoTime();
    if (now - nextNanos >= 0) {
      nextNanos = now + interval();
      show(state, state.epochTotals().meanLoss(), state.epochTotals().accuracy());
    }
  }

  @Override
  public void epochFinished(TrainingState state, EpochMetrics metrics) {
    nextNanos = System.nanoTime() + interval();
    show(state, metrics.trainLoss(), metrics.trainAccuracy());
  }

  @Override
  public void interrupted(TrainingState state) {
    end();
  }

  @Override
  public void runFinished(TrainingState state, TrainingResult result) {
    end();
  }

  /** Leaves the bar's line. */
  private void end() {
    if (form == Form.BAR) {
      target.println();
    }
  }

  private long interval() {
    return form == Form.BAR ? BAR_NANOS : LINE_NANOS;
  }

  private void show(TrainingState state, double loss, double accuracy) {
    List<String> figures = figures(state, loss, accuracy);
    if (form == Form.LINES) {
      target.println(String.join("  ", figures));
      return;
    }
    target.print("\r" + fitted(share(state), figures, columns.getAsInt() - 1) + "\u001b[K");
    target.flush();
  }

  /**
   * A bar and the figures in so many columns, never more: a terminal would go on in a second line,
   * and every drawing would stay. Where it is narrow the bar is shorter, then left out, then the
   * figures move together, then those at the end are left out.
   *
   * @param share of the run that is done
   */
  static String fitted(double share, List<String> figures, int columns) {
    String line = String.join("  ", figures);
    int cells = Math.min(MOST_CELLS, columns - line.length() - 1);
    if (cells >= LEAST_CELLS) {
      int full = (int) (share * cells);
      return "━".repeat(full) + "─".repeat(cells - full) + " " + line;
    }
    for (int left = figures.size(); line.length() > columns && left > 0; left--) {
      line = String.join(" ", figures.subList(0, left));
    }
    return line.substring(0, Math.min(line.length(), Math.max(0, columns)));
  }

  /** Share of the run that is done. */
  private static double share(TrainingState state) {
    double epochs = state.config().epochs();
    int steps = state.plan().steps();
    double inside = state.step() == 0 || steps == 0 ? 1 : (double) state.step() / steps;
    return (state.epoch() - 1 + inside) / epochs;
  }

  private static List<String> figures(TrainingState state, double loss, double accuracy) {
    EpochTotals totals = state.epochTotals();
    double rate = totals.seconds() > 0 ? totals.kept() / totals.seconds() : 0;
    double kept = 100.0 * state.plan().kept() / Math.max(1, state.data().train().length);
    double left = RemainingTime.seconds(state);
    return List.of(
        "epoch %d/%d".formatted(state.epoch(), state.config().epochs()),
        String.format(Locale.ROOT, "loss %.3f", loss),
        String.format(Locale.ROOT, "accuracy %.3f", accuracy),
        String.format(Locale.ROOT, "kept %.0f %%", kept),
        String.format(Locale.ROOT, "%,.0f/s", rate),
        "left " + duration(left),
        "ends " + LocalTime.now().plusSeconds(Math.round(left)).format(CLOCK));
  }

  /** Such as {@code 4m10s}. */
  public static String duration(double seconds) {
    long s = Math.max(0, Math.round(seconds));
    if (s < 60) {
      return s + "s";
    }
    return s < 3600
        ? String.format(Locale.ROOT, "%dm%02ds", s / 60, s % 60)
        : String.format(Locale.ROOT, "%dh%02dm", s / 3600, s % 3600 / 60);
  }
}
