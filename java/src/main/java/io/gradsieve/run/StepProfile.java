package io.gradsieve.run;

import io.gradsieve.backend.StepTimes;
import io.gradsieve.backend.StepTimes.Phase;
import io.gradsieve.data.BatchLoader;
import io.gradsieve.nn.NetworkSummary;
import io.gradsieve.train.TrainingEvent.EpochStarted;
import io.gradsieve.train.TrainingEvent.Interrupted;
import io.gradsieve.train.TrainingEvent.RunFinished;
import io.gradsieve.train.TrainingListener;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * {@code --profile}: where the time of a run's training steps goes. A table of the segments, with
 * how long the threads waited for each other, and of what lies between the steps; and a {@link
 * StepTrace} of the last ones.
 */
final class StepProfile implements TrainingListener {
  /**
   * Steps that only warm up the machine, Java's compiler included; a short run measures its last.
   */
  private static final int WARM_UP = 20;

  private static final Phase[] PHASES = Phase.values();
  private static final double NANOS_PER_MILLI = 1e6;

  private final StepTimes times;
  private final BatchLoader loader;
  private final String[] segments;
  private final Consumer<String> notes;
  private final Consumer<String> traceFile;
  private final StepTrace trace;

  /**
   * Nanoseconds of all measured steps: of a phase from its first thread's start to the last's end.
   */
  private final long[][] took;

  /** Nanoseconds, added over the threads, in which a phase ran and this thread did not work. */
  private final long[][] idle;

  private int seen;
  private int measured;
  private long samples;
  private long ran;
  private long loading;
  private long total;
  private long previousEnd;
  private long previousWaited;

  /** How long the trainer waited for data before the last step ended. */
  private long waitedAhead;

  StepProfile(
      StepTimes times,
      BatchLoader loader,
      NetworkSummary network,
      Consumer<String> notes,
      Consumer<String> traceFile) {
    this.times = times;
    this.loader = loader;
    this.notes = notes;
    this.traceFile = traceFile;
    segments = labels(network, times.segments());
    took = new long[segments.length][PHASES.length];
    idle = new long[segments.length][PHASES.length];
    trace = new StepTrace(times, segments);
  }

  private static String[] labels(NetworkSummary network, int segments) {
    String[] labels = new String[segments];
    for (int s = 0; s < segments; s++) {
      StringBuilder label = new StringBuilder();
      for (NetworkSummary.Row row : network.rows()) {
        if (row.segment() == s) {
          label
              .append(label.isEmpty() ? "" : ", ")
              .append(row.name())
              .append(' ')
              .append(row.kind());
        }
      }
      labels[s] = label.toString();
    }
    labels[0] = "input, " + labels[0];
    labels[segments - 1] += ", loss";
    return labels;
  }

  @Override
  public void epochStarted(EpochStarted event) {
    previousEnd = System.nanoTime();
    previousWaited = loader.waited();
    waitedAhead = 0;
  }

  /**
   * The step after this one runs already, so what lies between two steps is where the threads had
   * none. Its batch was waited for before the last step ended or, if it was not queued ahead, since
   * then; that counts as far as it made the threads stand still.
   */
  @Override
  public void microBatchFinished(int done) {
    long waited = loader.waited() - previousWaited;
    long began = Long.MAX_VALUE;
    for (int t = 0; t < times.threads(); t++) {
      began = Math.min(began, times.began(t, 0, Phase.FORWARD));
    }
    long gap = began - previousEnd;
    long loaded = Math.min(gap, waitedAhead + waited);
    if (seen == WARM_UP) {
      forget();
    }
    long ended = 0;
    for (int s = 0; s < segments.length; s++) {
      for (Phase phase : PHASES) {
        ended = Math.max(ended, add(s, phase, began));
      }
    }
    seen++;
    measured++;
    samples += done;
    ran += ended - began;
    loading += loaded;
    total += ended - previousEnd;
    trace.add(previousEnd, previousEnd + loaded, began, ended);
    waitedAhead = waited;
    previousWaited += waited;
    previousEnd = ended;
  }

  private void forget() {
    measured = 0;
    samples = 0;
    ran = 0;
    loading = 0;
    total = 0;
    trace.clear();
    for (int s = 0; s < segments.length; s++) {
      for (Phase phase : PHASES) {
        took[s][phase.ordinal()] = 0;
        idle[s][phase.ordinal()] = 0;
      }
    }
  }

  /**
   * Adds the last step's times of a segment; returns when its last thread ended, 0 if the step, a
   * part of a larger one, did not have the phase.
   *
   * @param from when the step began
   */
  private long add(int segment, Phase phase, long from) {
    long began = Long.MAX_VALUE;
    long ended = 0;
    long worked = 0;
    for (int t = 0; t < times.threads(); t++) {
      began = Math.min(began, times.began(t, segment, phase));
      ended = Math.max(ended, times.ended(t, segment, phase));
      worked +=
          times.ended(t, segment, phase)
              - times.began(t, segment, phase)
              - times.waited(t, segment, phase);
    }
    if (began < from) {
      return 0;
    }
    took[segment][phase.ordinal()] += ended - began;
    idle[segment][phase.ordinal()] += times.threads() * (ended - began) - worked;
    return ended;
  }

  @Override
  public void interrupted(Interrupted event) {
    report();
  }

  @Override
  public void runFinished(RunFinished event) {
    if (event.result().signal() == 0) {
      report();
    }
  }

  private void report() {
    if (measured == 0) {
      notes.accept("profile: no step was measured");
      return;
    }
    long between = total - loading - ran;
    notes.accept(
        line(
            "profile: %,d steps of %.3f ms, %,.0f samples/s, threads %d",
            measured, milliseconds(total), samples * 1e9 / total, times.threads()));
    notes.accept(row("waiting for data", loading));
    notes.accept(row("forward, backward and update", ran));
    notes.accept(row("between two steps", between));
    notes.accept(
        line(
            "  %7s %9s %9s %9s %8s %8s  %s",
            "segment",
            "forward",
            "backward",
            "update",
            "share",
            "idle",
            "layers (times in ms a step; idle: of the threads' time)"));
    for (int s = 0; s < segments.length; s++) {
      long all = took[s][0] + took[s][1] + took[s][2];
      long unused = idle[s][0] + idle[s][1] + idle[s][2];
      notes.accept(
          line(
              "  %7d %9.3f %9.3f %9.3f %6.1f %% %6.1f %%  %s",
              s,
              milliseconds(took[s][0]),
              milliseconds(took[s][1]),
              milliseconds(took[s][2]),
              100.0 * all / total,
              all == 0 ? 0.0 : 100.0 * unused / ((double) all * times.threads()),
              segments[s]));
    }
    traceFile.accept(trace.json());
  }

  private String row(String what, long nanos) {
    return line("  %-30s %9.3f ms %6.1f %%", what, milliseconds(nanos), 100.0 * nanos / total);
  }

  private double milliseconds(long nanos) {
    return nanos / NANOS_PER_MILLI / measured;
  }

  private static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
