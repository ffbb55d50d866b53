package io.gradsieve.run;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.gradsieve.backend.StepTimes;
import io.gradsieve.backend.StepTimes.Phase;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.LongBuffer;
import java.util.Locale;

/**
 * The last steps of a run in Chrome's trace event format (complete events, microseconds): a row for
 * the steps and what lies between them, and one for each thread.
 */
final class StepTrace {
  /** Steps that are kept, the last ones. */
  private static final int KEPT = 10;

  private static final double NANOS_PER_MICRO = 1e3;

  private final StepTimes times;
  private final String[] segments;
  private final Step[] steps = new Step[KEPT];
  private int added;

  /** The numbers of one step; nanoseconds. */
  private static final class Step {
    private final long[] times;
    private long previous;
    private long loaded;
    private long began;
    private long ended;

    Step(int longs) {
      times = new long[longs];
    }
  }

  /**
   * @param times of the last step, whenever {@link #add} is called
   * @param segments a label each
   */
  StepTrace(StepTimes times, String[] segments) {
    this.times = times;
    this.segments = segments;
    for (int i = 0; i < KEPT; i++) {
      steps[i] = new Step(StepTimes.longs(times.threads(), times.segments()));
    }
  }

  /**
   * Keeps the last step; the times are nanoseconds.
   *
   * @param previous when the step before it ended
   * @param loaded until when it could not begin for want of data
   */
  void add(long previous, long loaded, long began, long ended) {
    Step step = steps[added % KEPT];
    step.previous = previous;
    step.loaded = loaded;
    step.began = began;
    step.ended = ended;
    times.copyTo(step.times);
    added++;
  }

  void clear() {
    added = 0;
  }

  String json() {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("displayTimeUnit", "ms");
      json.writeArrayFieldStart("traceEvents");
      name(json, 0, "steps");
      for (int t = 0; t < times.threads(); t++) {
        name(json, 1 + t, "thread " + t);
      }
      for (int i = Math.max(0, added - KEPT); i < added; i++) {
        write(json, steps[i % KEPT]);
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text + "\n";
  }

  private void write(JsonGenerator json, Step step) throws IOException {
    event(json, 0, "load", "waiting for data", step.previous, step.loaded, 0);
    event(json, 0, "between", "between two steps", step.loaded, step.began, 0);
    event(json, 0, "step", "forward, backward and update", step.began, step.ended, 0);
    StepTimes at =
        new StepTimes(times.threads(), times.segments(), LongBuffer.wrap(step.times), () -> 0);
    for (int t = 0; t < times.threads(); t++) {
      for (int s = 0; s < segments.length; s++) {
        for (Phase phase : Phase.values()) {
          if (at.began(t, s, phase) < step.began) {
            continue; // a part of a step that did not have this phase
          }
          String kind = phase.name().toLowerCase(Locale.ROOT);
          event(
              json,
              1 + t,
              kind,
              kind + " " + s + ": " + segments[s],
              at.began(t, s, phase),
              at.ended(t, s, phase),
              at.waited(t, s, phase));
        }
      }
    }
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
