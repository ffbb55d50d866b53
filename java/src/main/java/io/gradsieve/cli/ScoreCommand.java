package io.gradsieve.cli;

import io.gradsieve.scoring.SampleScores;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.train.StopRequest;
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
    SampleScores.Suspects suspects = summary.suspects();
    Map<String, Object> suspected = new LinkedHashMap<>();
    suspected.put("by", suspects.judged() ? ScoreColumns.LABEL_ISSUE.key() : "prediction");
    suspected.put("count", suspects.count());
    suspected.put("lowest", suspects.lowest());
    fields.put("suspects", suspected);
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
    SampleScores.Suspects suspects = summary.suspects();
    text.append(
        String.format(
            Locale.ROOT,
            "\n\nsuspected labels: %,d%s%s",
            suspects.count(),
            suspects.judged()
                ? ""
                : ", by these weights alone: predicted otherwise and very unlikely",
            suspects.count() == 0
                ? ""
                : "; lowest " + (suspects.judged() ? "label_quality" : "confidence") + " first"));
    append(text, suspects.lowest());
    for (SampleScores.Highest ranking : summary.rankings()) {
      text.append("\n\nhighest ").append(ranking.score()).append(", none of them suspected");
      append(text, ranking.entries());
    }
    return text.toString();
  }

  private static void append(StringBuilder text, List<SampleScores.Entry> entries) {
    for (SampleScores.Entry entry : entries) {
      text.append(
          String.format(
              Locale.ROOT,
              "\n  %-24s %10.4g  label %s, predicted %s",
              entry.id(),
              entry.value(),
              entry.label(),
              entry.predicted()));
    }
  }
}
