package io.gradsieve.cli;

import io.gradsieve.scoring.LabelIssues;
import io.gradsieve.scoring.LabelIssues.Found;
import io.gradsieve.scoring.LabelIssues.Issue;
import io.gradsieve.train.StopRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** {@code issues}. */
final class IssuesCommand {
  /** More would not fit on 24 lines; a file, a pipe and {@code --json} get all. */
  private static final int LINES_OF_TERMINAL = 15;

  private IssuesCommand() {}

  static Outcome run(Invocation invocation) {
    StopRequest stop = new StopRequest();
    try (Signals signals = Signals.to(stop)) {
      return LabelIssues.find(
              invocation.settings(), List.of(signals), stop, invocation::progress, invocation::note)
          .map(IssuesCommand::done)
          .orElseGet(() -> stopped(stop));
    }
  }

  private static Outcome stopped(StopRequest stop) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("issues", null);
    return new Outcome(
        Signals.SIGNALLED + stop.signal(),
        "stopped before every fold was judged; nothing was written",
        fields);
  }

  private static Outcome done(Found found) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("data", found.data());
    fields.put("samples", found.samples());
    fields.put("by", found.by().name().toLowerCase(Locale.ROOT));
    fields.put("folds", found.folds());
    fields.put("accuracy", found.accuracy());
    fields.put("count", found.issues().size());
    fields.put("issues", found.issues().stream().map(IssuesCommand::fields).toList());
    fields.put("out", found.out().map(Object::toString).orElse(null));
    fields.put("kept", found.kept());
    boolean terminal = Terminal.STANDARD_OUTPUT.present();
    return Outcome.of(text(found, terminal ? LINES_OF_TERMINAL : Integer.MAX_VALUE), fields);
  }

  private static Map<String, Object> fields(Issue issue) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("id", issue.id());
    fields.put("index", issue.index());
    fields.put("label", issue.label());
    fields.put("predicted", issue.predicted());
    fields.put("label_quality", issue.quality());
    return fields;
  }

  /**
   * For people.
   *
   * @param most issues to list
   */
  static String text(Found found, int most) {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "%s: %,d of %,d labels suspected, %s; accuracy %.4f",
            found.data(),
            found.issues().size(),
            found.samples(),
            by(found),
            found.accuracy()));
    List<Issue> shown = found.issues().subList(0, Math.min(most, found.issues().size()));
    if (!shown.isEmpty()) {
      lines.add("");
      int id = width("id", shown, Issue::id);
      int label = width("label", shown, Issue::label);
      int predicted = width("predicted", shown, Issue::predicted);
      String form = "%-" + id + "s  %-" + label + "s  %-" + predicted + "s  %s";
      lines.add(form.formatted("id", "label", "predicted", "label_quality"));
      for (Issue issue : shown) {
        String quality = String.format(Locale.ROOT, "%.4g", issue.quality());
        lines.add(form.formatted(issue.id(), issue.label(), issue.predicted(), quality));
      }
    }
    if (shown.size() < found.issues().size()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "… and %,d more; a file, a pipe and --json get all",
              found.issues().size() - shown.size()));
    }
    found
        .out()
        .ifPresent(
            out ->
                lines.add(
                    String.format(
                        Locale.ROOT,
                        "\n%s: %,d of %,d samples kept",
                        out,
                        found.kept(),
                        found.samples())));
    return String.join("\n", lines);
  }

  private static String by(Found found) {
    return switch (found.by()) {
      case HELD_OUT -> "each held out, in %d folds".formatted(found.folds());
      case RUN -> "as the run found while it learned";
      case PREDICTION ->
          "by these weights alone: predicted otherwise and very unlikely (nothing held out)";
    };
  }

  private static int width(String title, List<Issue> issues, Function<Issue, String> cell) {
    return Math.max(
        title.length(), issues.stream().map(cell).mapToInt(String::length).max().orElse(0));
  }
}
