package io.gradsieve.bench.experiments;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The outcomes of a grid as lines of Markdown: a row for each group. */
final class Table {
  private Table() {}

  static List<String> of(List<Outcome> outcomes) {
    Map<String, List<Outcome>> groups = new LinkedHashMap<>();
    for (Outcome outcome : outcomes) {
      groups.computeIfAbsent(outcome.group(), group -> new ArrayList<>()).add(outcome);
    }
    List<String> lines = new ArrayList<>();
    lines.add("| what | share of samples | only scored | accuracy, % | sd | n | seconds |");
    lines.add("| --- | --- | --- | --- | --- | --- | --- |");
    groups.forEach((group, runs) -> lines.add(row(group, runs)));
    return lines;
  }

  private static String row(String group, List<Outcome> runs) {
    double accuracy = mean(runs, Outcome::accuracy);
    double squares = mean(runs, run -> Math.pow(run.accuracy() - accuracy, 2));
    int n = runs.size();
    String deviation =
        n < 2 ? "–" : String.format(Locale.ROOT, "%.2f", 100 * Math.sqrt(squares * n / (n - 1)));
    return String.format(
        Locale.ROOT,
        "| %s | %.3f | %.3f | %.2f | %s | %d | %.0f |",
        group,
        mean(runs, Outcome::share),
        mean(runs, Outcome::forwardOnly),
        100 * accuracy,
        deviation,
        n,
        mean(runs, Outcome::seconds));
  }

  private static double mean(List<Outcome> runs, ToDoubleFunction<Outcome> value) {
    return runs.stream().mapToDouble(value).average().orElse(Double.NaN);
  }
}
