package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.data.DataRequest;
import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Column.Role;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which column of a CSV file is what: as the options say, else as the model's rules say, else by
 * default. Numbers of columns, -1 for none.
 *
 * @param named whether an option or the name {@code label} found a column
 */
record ColumnRoles(int label, int id, int weight, Set<Integer> ignored, boolean named) {
  private static final String DEFAULT_LABEL = "label";

  /**
   * Decides; an option that names no column is wrong usage, a column of the model that is missing
   * is bad data.
   */
  static ColumnRoles of(String file, List<String> header, DataRequest request) {
    List<Column> columns = request.rules().map(r -> r.columns()).orElse(List.of());
    int id =
        option(file, header, "--id", request.id())
            .orElseGet(() -> ofModel(header, columns, Role.ID));
    int weight =
        option(file, header, "--weight", request.weight())
            .orElseGet(() -> ofModel(header, columns, Role.WEIGHT));
    Set<Integer> ignored = new LinkedHashSet<>();
    for (String name : request.ignore()) {
      ignored.add(option(file, header, "--ignore", Optional.of(name)).orElseThrow());
    }
    int label =
        option(file, header, "--label", request.label())
            .orElseGet(
                () ->
                    columns.isEmpty()
                        ? defaultLabel(header, request)
                        : ofModel(header, columns, Role.LABEL));
    if (label < 0 && request.labelled()) {
      throw noLabel(file, header, columns);
    }
    boolean named = request.namesColumns() || header.contains(DEFAULT_LABEL);
    ColumnRoles roles = new ColumnRoles(label, id, weight, ignored, named);
    roles.checkDifferent(header);
    return roles;
  }

  private static Optional<Integer> option(
      String file, List<String> header, String option, Optional<String> name) {
    if (name.isEmpty()) {
      return Optional.empty();
    }
    int column = header.indexOf(name.get().strip());
    if (column < 0) {
      throw new Usage(
          option
              + " "
              + name.get()
              + ": "
              + file
              + " has no such column; nearest: '"
              + GradsieveException.nearest(name.get(), header)
              + "'");
    }
    return Optional.of(column);
  }

  private static int ofModel(List<String> header, List<Column> columns, Role role) {
    return columns.stream()
        .filter(c -> c.role() == role)
        .mapToInt(c -> header.indexOf(c.name()))
        .findFirst()
        .orElse(-1);
  }

  /**
   * Without labels being needed the last column may well be an input, so only the name counts then.
   */
  private static int defaultLabel(List<String> header, DataRequest request) {
    int named = header.indexOf(DEFAULT_LABEL);
    return named < 0 && request.labelled() ? header.size() - 1 : named;
  }

  private static BadData noLabel(String file, List<String> header, List<Column> columns) {
    String wanted =
        columns.stream()
            .filter(c -> c.role() == Role.LABEL)
            .map(Column::name)
            .findFirst()
            .orElse(DEFAULT_LABEL);
    return new BadData(
        file
            + ": has no label column '"
            + wanted
            + "' (nearest: '"
            + GradsieveException.nearest(wanted, header)
            + "'); name it with --label");
  }

  private void checkDifferent(List<String> header) {
    Set<Integer> seen = new LinkedHashSet<>(ignored);
    for (int column : new int[] {label, id, weight}) {
      if (column >= 0 && !seen.add(column)) {
        throw new Usage(
            "column '"
                + header.get(column)
                + "' is given two of --label, --id, --weight and --ignore; give it one"
                + (column == label
                    ? " (the label is 'label', else the last column, unless --label names it)"
                    : ""));
      }
    }
  }

  /** Whether a column is an input when there is no model. */
  boolean isInput(int column) {
    return column != label && column != id && column != weight && !ignored.contains(column);
  }

  /** What a model stores of a column that is no input. */
  Role role(int column) {
    if (column == label) {
      return Role.LABEL;
    }
    return column == id ? Role.ID : column == weight ? Role.WEIGHT : Role.IGNORE;
  }
}
