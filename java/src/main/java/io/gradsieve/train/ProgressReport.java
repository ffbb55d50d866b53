package io.gradsieve.train;

import java.io.PrintStream;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

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
  private static final int BAR_CELLS = 20;
  private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm");

  private final PrintStream target;
  private final Form form;
  private final int columns;
  private long nextNanos;

  /** {@code columns} is the terminal's width; a bar stays below it. */
  public ProgressReport(PrintStream target, Form form, int columns) {
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
    String line = line(state, loss, accuracy);
    if (form == Form.LINES) {
      target.println(line);
      return;
    }
    String bar = bar(state) + " " + line;
    if (bar.length() >= columns) {
      bar = line.substring(0, Math.min(line.length(), columns - 1));
    }
    target.print("\r" + bar + "\u001b[K");
    target.flush();
  }

  private static String bar(TrainingState state) {
    int full = (int) (share(state) * BAR_CELLS);
    return "━".repeat(full) + "─".repeat(BAR_CELLS - full);
  }

  /** Share of the run that is done. */
  private static double share(TrainingState state) {
    double epochs = state.config().epochs();
    int steps = state.plan().steps();
    double inside = state.step() == 0 || steps == 0 ? 1 : (double) state.step() / steps;
    return (state.epoch() - 1 + inside) / epochs;
  }

  private static String line(TrainingState state, double loss, double accuracy) {
    EpochTotals totals = state.epochTotals();
    double rate = totals.seconds() > 0 ? totals.kept() / totals.seconds() : 0;
    double kept = 100.0 * state.plan().kept() / Math.max(1, state.data().train().length);
    double left = RemainingTime.seconds(state);
    return String.format(
        Locale.ROOT,
        "epoch %d/%d  loss %.3f  accuracy %.3f  kept %.0f %%  %,.0f/s  left %s  ends %s",
        state.epoch(),
        state.config().epochs(),
        loss,
        accuracy,
        kept,
        rate,
        duration(left),
        LocalTime.now().plusSeconds(Math.round(left)).format(CLOCK));
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
