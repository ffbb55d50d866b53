package io.gradsieve.cli;

import io.gradsieve.scoring.Predictions;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** {@code predict}. */
final class PredictCommand {
  private PredictCommand() {}

  static Outcome run(Invocation invocation) {
    Predictions.Summary summary = Predictions.write(invocation.settings(), invocation::note);
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (int k = 0; k < summary.counts().length; k++) {
      counts.put(summary.classes().get(k), summary.counts()[k]);
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("out", summary.out().toString());
    fields.put("samples", summary.samples());
    fields.put("predicted", counts);
    StringBuilder text =
        new StringBuilder(
            String.format(Locale.ROOT, "%s: %,d rows", summary.out(), summary.samples()));
    String separator = "; ";
    for (Map.Entry<String, Integer> entry : counts.entrySet()) {
      if (entry.getValue() > 0) {
        text.append(
            String.format(Locale.ROOT, "%s%s %,d", separator, entry.getKey(), entry.getValue()));
        separator = ", ";
      }
    }
    return Outcome.of(text.toString(), fields);
  }
}
