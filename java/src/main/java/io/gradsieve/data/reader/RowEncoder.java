package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.SampleStore;
import io.gradsieve.format.ByteSource;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.format.csv.Numbers;
import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Column.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Turns a row's cells into features by a model's columns, found by name wherever they stand. */
final class RowEncoder {
  private record Input(
      String name,
      long content,
      int column,
      int firstFeature,
      boolean number,
      Map<String, Integer> categories) {}

  private final CsvTable table;
  private final List<Input> inputs = new ArrayList<>();
  private final double[] mean;
  private final double[] deviation;

  RowEncoder(CsvTable table, TableRules rules) {
    this.table = table;
    this.mean = rules.mean().stream().mapToDouble(v -> v).toArray();
    this.deviation = rules.deviation().stream().mapToDouble(v -> v).toArray();
    int feature = 0;
    for (Column column : rules.columns()) {
      if (column.features() > 0) {
        Map<String, Integer> categories = new HashMap<>();
        for (String category : column.categories()) {
          categories.put(category, categories.size());
        }
        inputs.add(
            new Input(
                column.name(),
                RowContent.column(column.name()),
                table.header().indexOf(column.name()),
                feature,
                column.role() == Role.NUMBER,
                categories));
        feature += column.features();
      }
    }
    inputs.sort(Comparator.comparing(Input::name)); // a row's content is in this order
  }

  /** Writes the current row's features to a sample of the store, which is zero before. */
  void encode(SampleStore store, RowContent content, int sample) {
    for (Input input : inputs) {
      String cell = table.cell(input.column());
      if (input.number()) {
        store.setFloat(sample, input.firstFeature(), standardised(cell, input, content));
      } else {
        content.text(input.content(), cell);
        store.setFloat(sample, input.firstFeature() + category(cell, input), 1);
      }
    }
    content.end(sample);
  }

  private float standardised(String cell, Input input, RowContent content) {
    if (!Numbers.isNumber(cell)) {
      throw new BadData(
          table.where(input.column())
              + (cell.isEmpty()
                  ? " is empty"
                  : ": '" + ByteSource.oneLine(cell) + "' is not a finite number")
              + "; a number is needed there");
    }
    double value = ColumnSurvey.finite(table, input.column(), cell);
    content.number(input.content(), value);
    float feature =
        (float) ((value - mean[input.firstFeature()]) / deviation[input.firstFeature()]);
    if (!Float.isFinite(feature)) {
      throw new BadData(
          table.where(input.column())
              + ": '"
              + cell
              + "' is too far from the rest for float32; correct it");
    }
    return feature;
  }

  private int category(String cell, Input input) {
    Integer category = input.categories().get(cell);
    if (category == null) {
      throw new BadData(
          table.where(input.column())
              + ": '"
              + ByteSource.oneLine(cell)
              + "' is a category the model has not seen; correct it, drop the row or train again");
    }
    return category;
  }
}
