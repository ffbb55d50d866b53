package io.gradsieve.bench.experiments;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;

/**
 * A grid's table as a picture: accuracy over time, a line for the groups that differ by their
 * budget or batch alone, a bar for the standard error over the seeds.
 */
final class Plot {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 560;

  private Plot() {}

  static void write(Grid grid, Table table, Path directory) throws IOException {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(grid.key())
            .xAxisTitle("time, share of " + table.reference().group())
            .yAxisTitle("accuracy, %")
            .build();
    chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    Map<String, List<Table.Row>> lines = new LinkedHashMap<>();
    for (Table.Row row : table.rows()) {
      lines.computeIfAbsent(line(row.group()), key -> new ArrayList<>()).add(row);
    }
    lines.forEach(
        (line, rows) ->
            chart.addSeries(
                line,
                values(rows, Table.Row::time),
                values(rows, row -> 100 * row.mean(Outcome::accuracy)),
                values(rows, row -> 100 * row.deviation() / Math.sqrt(row.runs().size()))));
    BitmapEncoder.saveBitmap(chart, directory.resolve(grid.key()).toString(), BitmapFormat.PNG);
  }

  /** Of the groups that differ by their budgets, else by their batches and rates alone. */
  private static String line(String group) {
    String line = group.replaceAll("(?<!-rate)-0\\.[0-9]+", "");
    String apart = line.equals(group) ? "-(batch-[0-9]+|rate-[0-9.]+)" : "-batch-[0-9]+";
    return line.replaceAll(apart, "");
  }

  private static double[] values(List<Table.Row> rows, ToDoubleFunction<Table.Row> value) {
    return rows.stream().mapToDouble(value).toArray();
  }
}
