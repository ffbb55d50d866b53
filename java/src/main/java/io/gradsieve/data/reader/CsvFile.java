package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.data.ContentHash;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.Schema.Column;
import io.gradsieve.data.Schema.Normalize;
import io.gradsieve.data.Schema.Role;
import io.gradsieve.format.ByteSource;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.format.csv.Numbers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * A CSV file, read twice so that no text is held: first the rows are counted and, without a model,
 * the rules made; then every row becomes D float32 features: a number standardised, a category one
 * feature a value, 1 for the cell's own.
 */
final class CsvFile {
  private final Path file;
  private final DataRequest request;
  private final List<Column> columns = new ArrayList<>();
  private final List<Double> mean = new ArrayList<>();
  private final List<Double> deviation = new ArrayList<>();
  private List<String> classes = List.of();
  private long rows;

  private CsvFile(Path file, DataRequest request) {
    this.file = file;
    this.request = request;
    request.classes().ifPresent(names -> classes = names);
  }

  static Dataset read(Path file, String name, DataRequest request) {
    CsvFile csv = new CsvFile(file, request);
    csv.survey();
    return csv.load(name);
  }

  private void survey() {
    try (CsvTable table = CsvTable.open(file)) {
      List<String> header = table.header();
      ColumnRoles roles = ColumnRoles.of(table.name(), header, request);
      boolean learn = request.rules().isEmpty();
      boolean plain = plain();
      boolean ownClasses = request.classes().isEmpty() && request.labelled();
      Map<Integer, ColumnSurvey> surveys = new HashMap<>();
      for (int c = 0; c < header.size() && learn; c++) {
        if (roles.isInput(c)) {
          surveys.put(c, new ColumnSurvey(table.name(), header.get(c), c));
        }
      }
      TreeSet<String> labels = new TreeSet<>(LabelOrder.BY_VALUE);
      while (table.next()) {
        for (ColumnSurvey survey : surveys.values()) {
          survey.accept(table);
        }
        if (ownClasses) {
          addLabel(labels, table, roles.label());
        }
      }
      rows = table.row() + 1;
      if (rows == 0) {
        throw new BadData(file + ": has a header but no rows");
      }
      for (int c = 0; c < header.size() && (learn || plain); c++) {
        addColumn(header.get(c), roles, c, surveys.get(c));
      }
      if (ownClasses) {
        classes = List.copyOf(labels);
      }
      if (!learn && !plain) {
        useModel(header, roles);
      }
    }
  }

  /** Whether there is a model that names no columns. */
  private boolean plain() {
    return request.rules().map(rules -> rules.columns().isEmpty()).orElse(false);
  }

  private static void addLabel(TreeSet<String> labels, CsvTable table, int column) {
    String cell = table.cell(column);
    if (cell.isEmpty()) {
      throw new BadData(table.where(column) + ": the label is empty; fill it in or drop the row");
    }
    if (labels.add(cell) && labels.size() > DatasetBuilder.MAX_CLASSES) {
      throw new BadData(
          table.where(column)
              + ": more than "
              + DatasetBuilder.MAX_CLASSES
              + " different labels; is this the label column? name it with --label");
    }
  }

  /**
   * A column without a survey but an input is one of a model without rules: numbers as they are.
   */
  private void addColumn(
      String name,
      ColumnRoles roles,
      int number,
      @org.jspecify.annotations.Nullable ColumnSurvey survey) {
    Column column;
    if (survey != null) {
      column = survey.finish();
    } else {
      column =
          new Column(name, roles.isInput(number) ? Role.NUMBER : roles.role(number), List.of());
    }
    columns.add(column);
    for (int i = 0; i < column.features(); i++) {
      boolean standardise = survey != null && column.role() == Role.NUMBER;
      mean.add(standardise ? survey.mean() : 0.0);
      deviation.add(standardise ? survey.deviation() : 1.0);
    }
  }

  private void useModel(List<String> header, ColumnRoles roles) {
    for (Column column : request.rules().orElseThrow().columns()) {
      columns.add(column);
      if (column.features() > 0 && !header.contains(column.name())) {
        throw new BadData(
            file
                + ": has no column '"
                + column.name()
                + "', which the model was trained on (nearest: '"
                + GradsieveException.nearest(column.name(), header)
                + "')");
      }
    }
    if (request.purpose() == DataRequest.Purpose.TRAIN) {
      checkKnown(header, roles);
    }
    int features = columns.stream().mapToInt(Column::features).sum();
    Normalize figures =
        request
            .rules()
            .orElseThrow()
            .normalize()
            .orElseThrow(
                () ->
                    new BadData(
                        file + ": the model names columns but has no normalize; it is damaged"));
    if (figures.mean().size() != features) {
      throw new BadData(
          file
              + ": the model's normalize has "
              + figures.mean().size()
              + " entries for "
              + features
              + " features; it is damaged");
    }
    mean.addAll(figures.mean());
    deviation.addAll(figures.deviation());
  }

  /**
   * Commands that look at data pass over what the model does not know; what learns from data must
   * not miss a column in silence.
   */
  private void checkKnown(List<String> header, ColumnRoles roles) {
    List<String> known = columns.stream().map(Column::name).toList();
    for (Column column : columns) {
      if (column.features() > 0 && !roles.isInput(header.indexOf(column.name()))) {
        throw new Usage(
            "column '"
                + column.name()
                + "' is an input of the model, so it is not to be ignored, nor label, id or weight; or train without that model's weights");
      }
    }
    for (int c = 0; c < header.size(); c++) {
      if (roles.isInput(c) && !known.contains(header.get(c))) {
        throw new BadData(
            file
                + ": column '"
                + header.get(c)
                + "' is none the model was trained on (nearest: '"
                + GradsieveException.nearest(header.get(c), known)
                + "'); leave it out with --ignore, or train without that model's weights");
      }
    }
  }

  private Dataset load(String name) {
    int features = mean.size();
    if (features == 0) {
      throw new BadData(file + ": has no input column beside the label; is the separator a comma?");
    }
    SampleStore store = new SampleStore(file.toString(), rows, 4L * features);
    try (CsvTable table = CsvTable.open(file)) {
      ColumnRoles roles = ColumnRoles.of(table.name(), table.header(), request);
      RowEncoder encoder = new RowEncoder(table, columns, mean, deviation);
      ContentHash hashes = new ContentHash((int) rows);
      RowContent content = new RowContent(hashes);
      Map<String, Integer> classIndex = new HashMap<>();
      for (String label : classes) {
        classIndex.put(label, classIndex.size());
      }
      int[] labels = new int[request.labelled() ? (int) rows : 0];
      float[] weights = new float[request.labelled() && roles.weight() >= 0 ? (int) rows : 0];
      String[] ids = new String[roles.id() >= 0 ? (int) rows : 0];
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
              .classes(classes)
              .weights(weights)
              .ids(ids)
              .content(hashes)
              .columns(columns, Optional.of(new Normalize(mean, deviation)));
      if (plain()) {
        builder.remark(
            "warning: the model names no columns, so those of "
                + file
                + " are taken by position, their numbers as they are");
      }
      return builder.build(file.toString(), request);
    }
  }

  private int label(CsvTable table, int column, Map<String, Integer> classIndex) {
    Integer label = classIndex.get(table.cell(column));
    if (label == null) {
      throw new BadData(
          table.where(column)
              + ": '"
              + ByteSource.oneLine(table.cell(column))
              + "' is no class of the model; nearest: '"
              + GradsieveException.nearest(table.cell(column), classes)
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
