package io.gradsieve.landscape;

import io.gradsieve.run.ProgressReport;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Lines on how far a long measurement is: none in its first minute, then one a minute. */
final class LandscapeProgress {
  private static final long MINUTE = 60_000_000_000L;

  private final String run;
  private final Consumer<String> lines;
  private final LongSupplier nanos;
  private String stage = "";
  private int total;
  private int done;
  private long began;
  private long told;

  LandscapeProgress(String run, Consumer<String> lines, LongSupplier nanos) {
    this.run = run;
    this.lines = lines;
    this.nanos = nanos;
    told = nanos.getAsLong();
  }

  /** Goes on to another kind of work, in {@code units} of about the same length, or fewer. */
  void begin(String name, int units) {
    stage = name;
    total = units;
    done = 0;
    began = nanos.getAsLong();
  }

  /** One unit more is done. */
  void tick() {
    done++;
    long now = nanos.getAsLong();
    if (now - told < MINUTE) {
      return;
    }
    told = now;
    double left = 1e-9 * (now - began) / done * (total - done);
    lines.accept(
        String.format(
            Locale.ROOT,
            "%s: %s %,d/%,d  left %s",
            run,
            stage,
            done,
            total,
            ProgressReport.duration(left)));
  }
}
