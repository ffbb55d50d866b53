package io.gradsieve.run;

import io.gradsieve.train.EpochMetrics;
import io.gradsieve.train.StepValues;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingEvent.EpochStarted;
import io.gradsieve.train.TrainingEvent.Interrupted;
import io.gradsieve.train.TrainingEvent.RunFinished;
import io.gradsieve.train.TrainingEvent.RunStarted;
import io.gradsieve.train.TrainingListener;
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
  private int samples;
  private int epochs;
  private int epoch;
  private int planned;
  private long nextNanos;

  /** {@code columns} is asked for the terminal's width at each drawing; a bar stays below it. */
  public ProgressReport(PrintStream target, Form form, IntSupplier columns) {
    this.target = target;
    this.form = form;
    this.columns = columns;
  }

  @Override
  public void runStarted(RunStarted event) {
    samples = event.samples();
    epochs = event.epochs();
    nextNanos = System.nanoTime() + interval();
  }

  @Override
  public void epochStarted(EpochStarted event) {
    epoch = event.epoch();
    planned = event.planned();
  }

  @Override
  public void stepFinished(StepValues step) {
    long now = System.nanoTime();
    if (now - nextNanos >= 0) {
      nextNanos = now + interval();
      double inside = (double) step.step() / step.steps();
      double rate = step.seconds() > 0 ? step.kept() / step.seconds() : 0;
      show(inside, step.meanLoss(), step.accuracy(), rate, step.secondsLeft());
    }
  }

  @Override
  public void epochFinished(EpochFinished event) {
    nextNanos = System.nanoTime() + interval();
    EpochMetrics metrics = event.metrics();
    show(
        1,
        metrics.trainLoss(),
        metrics.trainAccuracy(),
        metrics.samplesPerSecond(),
        metrics.etaSeconds());
  }

  @Override
  public void interrupted(Interrupted event) {
    end();
  }

  @Override
  public void runFinished(RunFinished event) {
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

  /**
   * Shows where the run is.
   *
   * @param inside share of the epoch that is done
   * @param rate samples/s
   * @param left seconds
   */
  private void show(double inside, double loss, double accuracy, double rate, double left) {
    double kept = 100.0 * planned / Math.max(1, samples);
    List<String> figures =
        List.of(
            "epoch %d/%d".formatted(epoch, epochs),
            String.format(Locale.ROOT, "loss %.3f", loss),
            String.format(Locale.ROOT, "accuracy %.3f", accuracy),
            String.format(Locale.ROOT, "kept %.0f %%", kept),
            String.format(Locale.ROOT, "%,.0f/s", rate),
            "left " + duration(left),
            "ends " + LocalTime.now().plusSeconds(Math.round(left)).format(CLOCK));
    if (form == Form.LINES) {
      target.println(String.join("  ", figures));
      return;
    }
    double share = (epoch - 1 + inside) / epochs;
    target.print("\r" + fitted(share, figures, columns.getAsInt() - 1) + "\u001b[K");
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
