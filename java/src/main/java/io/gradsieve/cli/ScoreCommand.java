package io.gradsieve.cli;

import io.gradsieve.train.scoring.SampleScores;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** {@code score}. */
final class ScoreCommand {
  private ScoreCommand() {}

  static Outcome run(Invocation invocation) {
    SampleScores.Summary summary = SampleScores.write(invocation.settings());
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("out", summary.out().toString());
    fields.put("samples", summary.samples());
    fields.put("scores", summary.scores());
    fields.put("loss", summary.meanLoss());
    fields.put("accuracy", summary.accuracy());
    return Outcome.of(
        String.format(
            Locale.ROOT,
            "%s: %,d samples scored by %s; loss %.4f, accuracy %.4f",
            summary.out(),
            summary.samples(),
            String.join(", ", summary.scores()),
            summary.meanLoss(),
            summary.accuracy()),
        fields);
  }
}
