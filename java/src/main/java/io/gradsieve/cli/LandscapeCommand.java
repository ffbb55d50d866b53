package io.gradsieve.cli;

import io.gradsieve.landscape.Landscape;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** {@code landscape}. */
final class LandscapeCommand {
  private LandscapeCommand() {}

  static Outcome run(Invocation invocation) {
    Landscape.Summary summary =
        Landscape.write(
            invocation.settings(), invocation.arguments(), invocation::progress, invocation::note);
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("out", summary.out().toString());
    fields.put("files", summary.files());
    fields.put("grid", summary.grid());
    fields.put("runs", summary.runs().stream().map(Landscape.Figures::fields).toList());
    return Outcome.of(text(summary), fields);
  }

  private static String text(Landscape.Summary summary) {
    StringBuilder text = new StringBuilder();
    for (Landscape.Figures run : summary.runs()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%s: loss %.4f, accuracy %.4f on %,d samples; top eigenvalue %.4g, trace %.4g ± %.2g; surface %.4g to %.4g%n",
              run.run(),
              run.loss(),
              run.accuracy(),
              run.samples(),
              run.topEigenvalue(),
              run.trace(),
              run.traceError(),
              run.lowest(),
              run.highest()));
    }
    return text.append("%s: %s".formatted(summary.out(), String.join(", ", summary.files())))
        .toString();
  }
}
