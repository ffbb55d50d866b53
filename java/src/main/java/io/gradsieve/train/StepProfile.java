package io.gradsieve.train;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.gradsieve.backend.StepTimes;
import io.gradsieve.backend.StepTimes.Phase;
import io.gradsieve.data.BatchLoader;
import io.gradsieve.nn.NetworkSummary;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.LongBuffer;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * {@code --profile}: where the time of a run's training steps goes. A table of the segments, with
 * how long the threads waited for each other, and of what lies between the steps; and a trace of
 * some steps in Chrome's format, a row a thread.
 */
final class StepProfile implements TrainingListener {
  /**
   * Steps that only warm up the machine, Java's compiler included; a short run measures its last.
   */
  private static final int WARM_UP = 20;

  /** Steps in the trace, the last ones measured. */
  private static final int TRACED = 10;

  private static final Phase[] PHASES = Phase.values();
  private static final double NANOS_PER_MILLI = 1e6;
  private static final double NANOS_PER_MICRO = 1e3;

  private final StepTimes times;
  private final BatchLoader loader;
  private final String[] segments;
  private final Consumer<String> notes;
  private final Consumer<String> trace;

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
  private final Step[] traced = new Step[TRACED];

  /** The numbers of one step in the trace. */
  private static final class Step {
    private final long[] times;
    private long began;
    private long loaded;
    private long ended;

    Step(int longs) {
      times = new long[longs];
    }
  }

  StepProfile(
      StepTimes times,
      BatchLoader loader,
      NetworkSummary network,
      Consumer<String> notes,
      Consumer<String> trace) {
    this.times = times;
    this.loader = loader;
    this.notes = notes;
    this.trace = trace;
    segments = labels(network, times.segments());
    took = new long[segments.length][PHASES.length];
    idle = new long[segments.length][PHASES.length];
    for (int i = 0; i < TRACED; i++) {
      traced[i] = new Step(StepTimes.longs(times.threads(), times.segments()));
    }
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
  public void epochStarted(TrainingState state) {
    previousEnd = System.nanoTime();
    previousWaited = loader.waited();
  }

  @Override
  public void stepFinished(TrainingState state) {
    long now = System.nanoTime();
    long waited = loader.waited();
    if (seen == WARM_UP) {
      forget();
    }
    Step step = traced[measured % TRACED];
    step.began = previousEnd;
    step.loaded = previousEnd + waited - previousWaited;
    step.ended = now;
    times.copyTo(step.times);
    long last = 0;
    for (int s = 0; s < segments.length; s++) {
      for (Phase phase : PHASES) {
        last = Math.max(last, add(s, phase));
      }
    }
    seen++;
    measured++;
    samples += state.plan().batchSizes()[state.step() - 1];
    ran += last - times.began(0, 0, Phase.FORWARD);
    loading += waited - previousWaited;
    total += now - previousEnd;
    previousWaited = waited;
    previousEnd = System.nanoTime();
  }

  private void forget() {
    measured = 0;
    samples = 0;
    ran = 0;
    loading = 0;
    total = 0;
    for (int s = 0; s < segments.length; s++) {
      for (Phase phase : PHASES) {
        took[s][phase.ordinal()] = 0;
        idle[s][phase.ordinal()] = 0;
      }
    }
  }

  /** Adds the last step's times of a segment; returns when its last thread ended. */
  private long add(int segment, Phase phase) {
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
    took[segment][phase.ordinal()] += ended - began;
    idle[segment][phase.ordinal()] += times.threads() * (ended - began) - worked;
    return ended;
  }

  @Override
  public void interrupted(TrainingState state) {
    report();
  }

  @Override
  public void runFinished(TrainingState state, TrainingResult result) {
    if (result.signal() == 0) {
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
    notes.accept(row("recording and listeners", between));
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
    trace.accept(trace());
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

  /** Chrome's trace event format: complete events, microseconds. */
  private String trace() {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("displayTimeUnit", "ms");
      json.writeArrayFieldStart("traceEvents");
      name(json, 0, "trainer");
      for (int t = 0; t < times.threads(); t++) {
        name(json, 1 + t, "thread " + t);
      }
      for (int i = Math.max(0, measured - TRACED); i < measured; i++) {
        write(json, traced[i % TRACED]);
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text + "\n";
  }

  private void write(JsonGenerator json, Step step) throws IOException {
    StepTimes at = new StepTimes(times.threads(), times.segments(), LongBuffer.wrap(step.times));
    long last = 0;
    for (int t = 0; t < times.threads(); t++) {
      for (int s = 0; s < segments.length; s++) {
        for (Phase phase : PHASES) {
          long began = at.began(t, s, phase);
          long ended = at.ended(t, s, phase);
          String kind = phase.name().toLowerCase(Locale.ROOT);
          event(
              json,
              1 + t,
              kind,
              kind + " " + s + ": " + segments[s],
              began,
              ended,
              at.waited(t, s, phase));
          last = Math.max(last, ended);
        }
      }
    }
    event(json, 0, "load", "waiting for data", step.began, step.loaded, step.loaded - step.began);
    event(json, 0, "step", "forward, backward and update", step.loaded, last, 0);
    event(json, 0, "record", "recording and listeners", last, step.ended, 0);
  }

  private static void name(JsonGenerator json, int thread, String name) throws IOException {
    json.writeStartObject();
    json.writeStringField("ph", "M");
    json.writeStringField("name", "thread_name");
    json.writeNumberField("pid", 1);
    json.writeNumberField("tid", thread);
    json.writeObjectFieldStart("args");
    json.writeStringField("name", name);
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void event(
      JsonGenerator json, int thread, String kind, String name, long began, long ended, long waited)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("ph", "X");
    json.writeStringField("cat", kind);
    json.writeStringField("name", name);
    json.writeNumberField("pid", 1);
    json.writeNumberField("tid", thread);
    json.writeNumberField("ts", began / NANOS_PER_MICRO);
    json.writeNumberField("dur", (ended - began) / NANOS_PER_MICRO);
    json.writeObjectFieldStart("args");
    json.writeNumberField("waited_us", waited / NANOS_PER_MICRO);
    json.writeEndObject();
    json.writeEndObject();
  }
}
