package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Whether a table's columns are inputs to learn from: refuses quantities that were written as texts
 * and texts that name the rows, and tells what is doubtful, a line for each kind.
 */
final class InputCheck {
  /** In smaller tables a text a row happens with real categories. */
  private static final int FEW_ROWS = 20;

  /** Up to so many different texts are categories whatever the number of rows. */
  private static final int FEW_TEXTS = 20;

  /** Rows a text on average, below which little can be learned of each. */
  private static final int FEW_ROWS_EACH = 5;

  /** Names quoted in one line. */
  private static final int MOST_NAMED = 5;

  private InputCheck() {}

  /** Checks all inputs of a table and returns the lines to tell. */
  static List<String> check(String file, Collection<ColumnSurvey> inputs, long rows) {
    inputs.forEach(ColumnSurvey::refuseQuantities);
    refuseNames(file, inputs, rows);
    List<String> constant = names(inputs, ColumnSurvey::isConstant);
    if (!constant.isEmpty() && constant.size() == inputs.size()) {
      throw new BadData(
          file
              + ": no input column ever varies ("
              + Examples.quoted(constant, MOST_NAMED)
              + "); there is nothing to learn from");
    }
    List<String> lines = new ArrayList<>();
    line(names(inputs, ColumnSurvey::numbersTheRows))
        .map(
            "warning: %s seems to number the rows and is read as an input; name it with --id or leave it out with --ignore"
                ::formatted)
        .ifPresent(lines::add);
    line(names(inputs, c -> !c.isConstant() && manyTexts(c, rows)))
        .map(
            "warning: %s has a different text in many rows, each an input of its own; if they are names or ids, use --id or --ignore"
                ::formatted)
        .ifPresent(lines::add);
    line(constant)
        .map("%s never varies and is without effect, whatever is there later"::formatted)
        .ifPresent(lines::add);
    line(names(inputs, c -> !c.isConstant() && c.hasUnits()))
        .map("%s is read as categories; for numbers, write them without a unit"::formatted)
        .ifPresent(lines::add);
    line(names(inputs, c -> !c.isConstant() && c.missing() > 0))
        .map(
            "%s has missing values, which count as a category of their own; fill them in or drop the rows to have it otherwise"
                ::formatted)
        .ifPresent(lines::add);
    return lines;
  }

  private static void refuseNames(String file, Collection<ColumnSurvey> inputs, long rows) {
    List<ColumnSurvey> unique =
        inputs.stream().filter(c -> rows > FEW_ROWS && mostDiffer(c, rows)).toList();
    if (unique.isEmpty()) {
      return;
    }
    ColumnSurvey first = unique.get(0);
    List<String> others = unique.stream().skip(1).map(ColumnSurvey::name).toList();
    throw new BadData(
        file
            + ": column '"
            + ByteSource.oneLine(first.name())
            + "' has "
            + first.differentTexts()
            + " different texts in "
            + rows
            + " rows"
            + (others.isEmpty() ? "" : ", and so has " + Examples.quoted(others, MOST_NAMED))
            + "; such names, ids or sentences can't be learned from: leave the column out with --ignore or name it with --id");
  }

  private static boolean mostDiffer(ColumnSurvey column, long rows) {
    return 2L * column.differentTexts() > rows;
  }

  private static boolean manyTexts(ColumnSurvey column, long rows) {
    int texts = column.differentTexts();
    return (texts > 2 && mostDiffer(column, rows))
        || (texts > FEW_TEXTS && (long) FEW_ROWS_EACH * texts > rows);
  }

  private static List<String> names(
      Collection<ColumnSurvey> inputs, Predicate<ColumnSurvey> which) {
    return inputs.stream().filter(which).map(ColumnSurvey::name).toList();
  }

  /** The columns as the subject of a line; empty if there are none. */
  private static Optional<String> line(List<String> names) {
    return names.isEmpty()
        ? Optional.empty()
        : Optional.of(
            (names.size() == 1 ? "column " : "each of the columns ")
                + Examples.quoted(names, MOST_NAMED));
  }
}
