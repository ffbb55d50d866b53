package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.ContentHash;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.format.ByteSource;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.format.csv.MissingValue;
import io.gradsieve.format.csv.Numbers;
import io.gradsieve.format.rules.Normalization;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A CSV file, read twice so that no text is held: first the rules are made or checked ({@link
 * TableSurvey}); then every row becomes D float32 features: a number standardised, a category one
 * feature a value, 1 for the cell's own.
 */
final class CsvFile {
  private final Path file;
  private final DataRequest request;
  private final TableRules rules;

  private CsvFile(Path file, DataRequest request) {
    this.file = file;
    this.request = request;
    this.rules = TableSurvey.of(file, request);
  }

  static Dataset read(Path file, String name, DataRequest request) {
    return new CsvFile(file, request).load(name);
  }

  private Dataset load(String name) {
    int features = rules.features();
    SampleStore store = new SampleStore(file.toString(), rules.rows(), 4L * features);
    int rows = store.samples();
    try (CsvTable table = CsvTable.open(file)) {
      ColumnRoles roles = ColumnRoles.of(table.name(), table.header(), request);
      RowEncoder encoder = new RowEncoder(table, rules);
      ContentHash hashes = new ContentHash(rows);
      RowContent content = new RowContent(hashes);
      Map<String, Integer> classIndex = new HashMap<>();
      for (String label : rules.classes()) {
        classIndex.put(label, classIndex.size());
      }
      int[] labels = new int[request.labelled() ? rows : 0];
      float[] weights = new float[request.labelled() && roles.weight() >= 0 ? rows : 0];
      String[] ids = new String[roles.id() >= 0 ? rows : 0];
      int row = 0;
      for (; row < rows && table.next(); row++) {
        encoder.encode(store, content, row);
        if (labels.length > 0) {
          labels[row] = label(table, roles.label(), classIndex);
        }
        if (weights.length > 0) {
          weights[row] = weight(table, roles.weight());
        }
        if (ids.length > 0) {
          ids[row] = table.cell(roles.id());
        }
      }
      if (row < rows || table.next()) {
        throw new BadData(file + ": changed while it was read; try again");
      }
      DatasetBuilder builder =
          new DatasetBuilder(name, SampleShape.features(features), false, store)
              .labels(labels)
              .classes(rules.classes())
              .weights(weights)
              .ids(ids)
              .content(hashes)
              .columns(
                  rules.columns(), Optional.of(new Normalization(rules.mean(), rules.deviation())));
      rules.remarks().forEach(builder::remark);
      return builder.build(file.toString(), request);
    }
  }

  private int label(CsvTable table, int column, Map<String, Integer> classIndex) {
    Integer label = classIndex.get(table.cell(column));
    if (label == null && MissingValue.is(table.cell(column))) {
      throw LabelSurvey.missing(table, column);
    }
    if (label == null) {
      throw new BadData(
          table.where(column)
              + ": '"
              + ByteSource.oneLine(table.cell(column))
              + "' is no class of the model; nearest: '"
              + GradsieveException.nearest(table.cell(column), rules.classes())
              + "'");
    }
    return label;
  }

  private static float weight(CsvTable table, int column) {
    String cell = table.cell(column);
    float weight = Numbers.isNumber(cell) ? Float.parseFloat(cell) : Float.NaN;
    if (!(weight > 0 && weight < Float.POSITIVE_INFINITY)) {
      throw new BadData(
          table.where(column)
              + ": weight '"
              + ByteSource.oneLine(cell)
              + "' is no finite positive number; correct it");
    }
    return weight;
  }
}
