package io.gradsieve.bench.experiments;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;

/**
 * The outcomes of a grid by group, in the grid's order, and as lines of Markdown: a row for each
 * group. Times and differences are against one of them, differences by pairs of the same seed.
 */
final class Table {
  /** Student's t, 97.5 %, for 1, 2, … degrees of freedom. */
  private static final double[] T = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045
  };

  private final List<Row> rows = new ArrayList<>();
  private final Row reference;

  /**
   * The runs of a group.
   *
   * @param time of a run as a share of the reference's
   */
  record Row(String group, List<Outcome> runs, double time) {
    double mean(ToDoubleFunction<Outcome> value) {
      return runs.stream().mapToDouble(value).average().orElse(Double.NaN);
    }

    /** Standard deviation over the seeds; 0 for one run. */
    double deviation() {
      return Table.deviation(runs.stream().mapToDouble(Outcome::accuracy).toArray());
    }
  }

  /**
   * Of outcomes, one at least.
   *
   * @param against group that times and differences refer to; empty for the first
   */
  Table(List<Outcome> outcomes, Optional<String> against, Map<String, Costs> costs) {
    Map<String, List<Outcome>> groups = new LinkedHashMap<>();
    for (Outcome outcome : outcomes) {
      groups.computeIfAbsent(outcome.group(), group -> new ArrayList<>()).add(outcome);
    }
    String named = against.orElse(outcomes.get(0).group());
    if (!groups.containsKey(named)) {
      throw new IllegalArgumentException(named + ": no such group; one of " + groups.keySet());
    }
    double unit = micros(groups.get(named), costs);
    groups.forEach((group, runs) -> rows.add(new Row(group, runs, micros(runs, costs) / unit)));
    reference = rows.stream().filter(row -> row.group.equals(named)).findFirst().orElseThrow();
  }

  private static double micros(List<Outcome> runs, Map<String, Costs> costs) {
    return runs.stream().mapToDouble(run -> costs.get(run.model()).of(run)).average().orElseThrow();
  }

  Row reference() {
    return reference;
  }

  List<Row> rows() {
    return rows;
  }

  List<String> lines() {
    TreeSet<String> figures = new TreeSet<>();
    rows.forEach(row -> row.runs.forEach(run -> figures.addAll(run.figures().keySet())));
    List<String> lines = new ArrayList<>();
    String more = figures.isEmpty() ? "" : " " + String.join(" | ", figures) + " |";
    lines.add(
        "| what | share of samples | only scored | time | accuracy, % | sd | n | difference, points |"
            + more.replace('_', ' '));
    lines.add(
        "| --- | --- | --- | --- | --- | --- | --- | --- |" + " --- |".repeat(figures.size()));
    rows.forEach(row -> lines.add(line(row, figures)));
    return lines;
  }

  private String line(Row row, TreeSet<String> figures) {
    StringBuilder line =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "| %s | %.3f | %.3f | %.2f | %.2f | %s | %d | %s |",
                row.group,
                row.mean(Outcome::share),
                row.mean(Outcome::forwardOnly),
                row.time,
                100 * row.mean(Outcome::accuracy),
                row.runs.size() < 2
                    ? "–"
                    : String.format(Locale.ROOT, "%.2f", 100 * row.deviation()),
                row.runs.size(),
                difference(row)));
    for (String figure : figures) {
      boolean measured = row.runs.stream().allMatch(run -> run.figures().containsKey(figure));
      line.append(
          measured
              ? String.format(
                  Locale.ROOT, " %.4g |", row.mean(run -> run.figures().getOrDefault(figure, 0.0)))
              : " – |");
    }
    return line.toString();
  }

  /** Mean and 95 % interval of the paired differences to the reference. */
  private String difference(Row row) {
    double[] differences =
        row.runs.stream()
            .flatMap(run -> partner(run).map(first -> run.accuracy() - first.accuracy()).stream())
            .mapToDouble(points -> 100 * points)
            .toArray();
    return row == reference || differences.length == 0 ? "–" : interval(differences);
  }

  /** Mean and Student's 95 % interval of differences, one at least. */
  static String interval(double[] differences) {
    int n = differences.length;
    double mean = mean(differences);
    if (n < 2 || n > T.length + 1) {
      return String.format(Locale.ROOT, "%+.2f", mean);
    }
    double half = T[n - 2] * deviation(differences) / Math.sqrt(n);
    return String.format(Locale.ROOT, "%+.2f (%+.2f to %+.2f)", mean, mean - half, mean + half);
  }

  private Optional<Outcome> partner(Outcome run) {
    return reference.runs.stream().filter(first -> first.seed() == run.seed()).findFirst();
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static double deviation(double[] values) {
    double mean = mean(values);
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1));
  }
}
