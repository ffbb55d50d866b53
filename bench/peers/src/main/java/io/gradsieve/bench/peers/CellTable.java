package io.gradsieve.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/**
 * Cells as lines of Markdown: a row for each cell and each side but the first, to which it is
 * compared.
 */
final class CellTable {
  private static final String GLIBC = Allocator.GLIBC.key();

  private final String first;
  private final List<String> others;

  /** The first of the sides is compared to each of the others. */
  CellTable(List<String> sides) {
    first = sides.get(0);
    others = sides.subList(1, sides.size());
  }

  List<String> lines(List<Cell> cells) {
    List<String> lines = new ArrayList<>();
    TreeSet<String> machines = new TreeSet<>();
    cells.forEach(cell -> machines.add(cell.machine() + ", " + cell.date()));
    lines.addAll(machines);
    lines.add("");
    lines.addAll(head());
    cells.forEach(cell -> lines.addAll(rows(cell)));
    double awake = 0;
    double foreign = 0;
    for (Cell cell : cells) {
      foreign = Math.max(foreign, cell.foreign());
      for (Cell.Result side : cell.sides().values()) {
        awake = Math.max(awake, side.awake());
      }
    }
    lines.add("");
    lines.add(text("Most of a core that a side used in another's window: %.1f %%.", 100 * awake));
    lines.add(
        text("Most of the cores that other programs used in a window: %.1f %%.", 100 * foreign));
    return lines;
  }

  List<String> head() {
    String columns =
        "| model | batch | threads | %s | peer | its samples/s | ratio (95 %% interval) | allocator | "
            + "glibc in its trial | memory, MiB | first step, s |";
    return List.of(columns.formatted(first), "|" + " --- |".repeat(11));
  }

  /** The rows of a cell; with one side alone, its own. */
  List<String> rows(Cell cell) {
    List<String> rows = new ArrayList<>();
    Cell.Result ours = cell.sides().get(first);
    String start =
        text(
            "| `%s` | %d | %d | %s |",
            cell.model(), cell.batch(), cell.threads(), rate(ours.rates()));
    if (others.isEmpty()) {
      rows.add(
          text(
              "%s – | – | – | %s | %s | %,.0f | %.2f |",
              start, ours.allocator(), trial(ours), ours.peakMebibytes(), ours.firstStepSeconds()));
    }
    for (String name : others) {
      Cell.Result peer = cell.sides().get(name);
      Median ratio = cell.ratio(first, name);
      rows.add(
          text(
              "%s %s | %s | %s (%s to %s) | %s | %s | %,.0f / %,.0f | %.2f / %.2f |",
              start,
              name,
              rate(peer.rates()),
              ratio(ratio.value()),
              ratio(ratio.low()),
              ratio(ratio.high()),
              peer.allocator(),
              trial(peer),
              ours.peakMebibytes(),
              peer.peakMebibytes(),
              ours.firstStepSeconds(),
              peer.firstStepSeconds()));
    }
    return rows;
  }

  private static String trial(Cell.Result result) {
    List<Double> rates = result.trials().get(GLIBC);
    return rates == null ? "–" : rate(rates);
  }

  /** Three digits: windows differ by more than the fourth. */
  private static String rate(List<Double> rates) {
    double value = Median.of(rates).value();
    double unit = Math.pow(10, Math.max(0, Math.floor(Math.log10(value)) - 2));
    return text("%,.0f", Math.round(value / unit) * unit);
  }

  /** Near 1 the third decimal counts: that is how the cost of norms is read. */
  private static String ratio(double value) {
    return text(value < 1.1 ? "%.3f" : value < 10 ? "%.2f" : "%.1f", value);
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
