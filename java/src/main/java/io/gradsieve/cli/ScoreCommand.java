package io.gradsieve.cli;

import io.gradsieve.train.StopRequest;
import io.gradsieve.train.scoring.SampleScores;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code score}. */
final class ScoreCommand {
  private ScoreCommand() {}

  static Outcome run(Invocation invocation) {
    StopRequest stop = new StopRequest();
    try (Signals signals = Signals.to(stop)) {
      return SampleScores.write(
              invocation.settings(), List.of(signals), stop, invocation::progress, invocation::note)
          .map(ScoreCommand::done)
          .orElseGet(() -> stopped(stop));
    }
  }

  private static Outcome stopped(StopRequest stop) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("out", null);
    return new Outcome(
        Signals.SIGNALLED + stop.signal(),
        "stopped before the last training was scored; nothing was written",
        fields);
  }

  private static Outcome done(SampleScores.Summary summary) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("out", summary.out().toString());
    fields.put("samples", summary.samples());
    fields.put("scores", summary.scores());
    fields.put("loss", summary.meanLoss());
    fields.put("accuracy", summary.accuracy());
    Map<String, Object> highest = new LinkedHashMap<>();
    summary.rankings().forEach(ranking -> highest.put(ranking.score(), ranking.entries()));
    fields.put("highest", highest);
    return Outcome.of(text(summary), fields);
  }

  private static String text(SampleScores.Summary summary) {
    StringBuilder text =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "%s: %,d samples scored by %s; loss %.4f, accuracy %.4f",
                summary.out(),
                summary.samples(),
                String.join(", ", summary.scores()),
                summary.meanLoss(),
                summary.accuracy()));
    for (SampleScores.Ranking ranking : summary.rankings()) {
      List<String> rows = new ArrayList<>();
      for (SampleScores.Entry entry : ranking.entries()) {
        rows.add(
            String.format(
                Locale.ROOT,
                "  %-24s %10.4g  label %s, predicted %s",
                entry.id(),
                entry.value(),
                entry.label(),
                entry.predicted()));
      }
      text.append("\n\nhighest ").append(ranking.score()).append('\n');
      text.append(String.join("\n", rows));
    }
    return text.toString();
  }
}
