package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataRequest.Purpose;
import io.gradsieve.data.Schema;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Column.Role;
import io.gradsieve.format.rules.Normalization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The first reading of a CSV file: its rows are counted and, without a model, the rules made from
 * what its columns hold. A model's rules are checked against the header instead.
 */
final class TableSurvey {
  private final String file;
  private final DataRequest request;
  private final List<String> header;
  private final ColumnRoles roles;

  /** Without a model: of each input, by its number. */
  private final Map<Integer, ColumnSurvey> inputs = new TreeMap<>();

  private final Optional<LabelSurvey> labels;
  private final List<String> remarks = new ArrayList<>();

  private TableSurvey(CsvTable table, DataRequest request) {
    this.file = table.name();
    this.request = request;
    this.header = table.header();
    this.roles = ColumnRoles.of(file, header, request);
    boolean ownClasses = request.classes().isEmpty() && request.labelled();
    labels =
        ownClasses
            ? Optional.of(new LabelSurvey(file, header.get(roles.label()), roles.label()))
            : Optional.empty();
    for (int c = 0; c < header.size() && request.rules().isEmpty(); c++) {
      if (roles.isInput(c)) {
        inputs.put(c, new ColumnSurvey(file, header.get(c), c));
      }
    }
    if (IntStream.range(0, header.size()).noneMatch(roles::isInput)) {
      throw new BadData(file + ": has no input column beside the label; is the separator a comma?");
    }
  }

  /** Reads a file once. */
  static TableRules of(Path file, DataRequest request) {
    try (CsvTable table = CsvTable.open(file)) {
      TableSurvey survey = new TableSurvey(table, request);
      while (table.next()) {
        survey.inputs.values().forEach(input -> input.accept(table));
        survey.labels.ifPresent(labels -> labels.accept(table));
      }
      if (table.row() < 0) {
        throw new BadData(file + ": has a header but no rows");
      }
      return survey.rules(table.row() + 1);
    }
  }

  private TableRules rules(long rows) {
    List<Column> modelled = request.rules().map(Schema::columns).orElse(List.of());
    if (request.purpose() != Purpose.COPY) {
      check(rows);
    }
    List<String> classes = labels.map(LabelSurvey::classes).or(request::classes).orElse(List.of());
    if (request.rules().isPresent() && modelled.isEmpty()) {
      remarks.add(
          "warning: the model names no columns, so those of "
              + file
              + " are taken by position, their numbers as they are");
    }
    if (!modelled.isEmpty()) {
      Normalization figures = figuresOfModel(modelled);
      return new TableRules(modelled, figures.mean(), figures.deviation(), classes, rows, remarks);
    }
    List<Column> columns = new ArrayList<>();
    List<Double> mean = new ArrayList<>();
    List<Double> deviation = new ArrayList<>();
    for (int c = 0; c < header.size(); c++) {
      Column column = column(c);
      columns.add(column);
      for (int i = 0; i < column.features(); i++) {
        boolean standardise = inputs.containsKey(c) && column.role() == Role.NUMBER;
        mean.add(standardise ? inputs.get(c).mean() : 0.0);
        deviation.add(standardise ? inputs.get(c).deviation() : 1.0);
      }
    }
    return new TableRules(columns, mean, deviation, classes, rows, remarks);
  }

  /** Whether there is something to learn, where that is the purpose. */
  private void check(long rows) {
    if (request.rules().isEmpty()) {
      HeaderCheck.refuseRow(file, header, roles, inputs, labels);
      remarks.addAll(InputCheck.check(file, inputs.values(), rows));
    }
    labels.flatMap(LabelSurvey::check).ifPresent(remarks::add);
  }

  /** An input without a survey is one of a model without rules: numbers as they are. */
  private Column column(int number) {
    if (inputs.containsKey(number)) {
      return inputs.get(number).column();
    }
    Role role = roles.isInput(number) ? Role.NUMBER : roles.role(number);
    return new Column(header.get(number), role, List.of());
  }

  private Normalization figuresOfModel(List<Column> columns) {
    checkInputs(columns);
    if (request.purpose() == Purpose.TRAIN) {
      checkKnown(columns);
    }
    int features = columns.stream().mapToInt(Column::features).sum();
    Normalization figures =
        request
            .rules()
            .flatMap(Schema::normalize)
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
    return figures;
  }

  private void checkInputs(List<Column> columns) {
    boolean train = request.purpose() == Purpose.TRAIN;
    for (Column column : columns) {
      if (column.features() > 0 && !header.contains(column.name())) {
        throw new BadData(
            file
                + ": has no column '"
                + column.name()
                + "', which the model was trained on (nearest: '"
                + GradsieveException.nearest(column.name(), header)
                + "')");
      }
      int number = header.indexOf(column.name());
      if (column.features() > 0
          && (train ? !roles.isInput(number) : roles.ignored().contains(number))) {
        throw new Usage(
            "column '"
                + column.name()
                + "' is an input of the model, so it is not to be ignored"
                + (train
                    ? ", nor label, id or weight; or train without that model's weights"
                    : "; take it out of --ignore"));
      }
    }
  }

  /**
   * Commands that look at data pass over what the model does not know; what learns from data must
   * not miss a column in silence.
   */
  private void checkKnown(List<Column> columns) {
    List<String> known = columns.stream().map(Column::name).toList();
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
}
