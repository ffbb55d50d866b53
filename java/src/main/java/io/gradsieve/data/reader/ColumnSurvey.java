package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.format.csv.MissingValue;
import io.gradsieve.format.csv.Numbers;
import io.gradsieve.format.csv.Spelling;
import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Column.Role;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Finds out, cell by cell, whether an input column is numbers or categories, and what a model must
 * know of it. Numbers when every value is one, categories when none is; anything else is an error
 * that names row and column. Mean and deviation by Welford (1962), in double.
 */
final class ColumnSurvey {
  /** More different texts than this are most likely names or sentences, not categories. */
  static final int MAX_CATEGORIES = 1_000;

  /** So many different quantities with a unit are numbers; fewer may be classes such as 4wd. */
  private static final int MOST_UNITS = 20;

  /** The first cell of some kind. */
  private record Found(String where, String cell) {
    static final Found NOWHERE = new Found("", "");
  }

  private final String file;
  private final String name;
  private final int column;
  private final TreeSet<String> categories = new TreeSet<>();
  private final Map<Spelling, Integer> spellings = new EnumMap<>(Spelling.class);
  private final NumberFigures figures = new NumberFigures();
  private long rows;
  private long missing;
  private boolean texts;

  /**
   * The first cell that is missing or not finite: an error as soon as the column turns out to be
   * numbers.
   */
  private Found notNumber = Found.NOWHERE;

  /** The first text that is a quantity: what to blame when plain numbers come as well. */
  private Found spelled = Found.NOWHERE;

  /** Of a column of a table; {@code file} begins messages. */
  ColumnSurvey(String file, String name, int column) {
    this.file = file;
    this.name = name;
    this.column = column;
  }

  /** Takes the column's cell of the current row. */
  void accept(CsvTable table) {
    String cell = table.cell(column);
    rows++;
    if (Numbers.isNumber(cell)) {
      if (texts) {
        throw spelled == Found.NOWHERE
            ? mixed(new Found(table.where(column), cell), "categories such as '" + text() + "'")
            : mixed(spelled, "numbers");
      }
      figures.add(finite(table, column, cell));
    } else if (MissingValue.is(cell) || Numbers.isNotFinite(cell)) {
      missing++;
      if (notNumber == Found.NOWHERE) {
        notNumber = new Found(table.where(column), cell);
      }
      addCategory(table, cell);
    } else {
      if (isNumbers()) {
        throw mixed(new Found(table.where(column), cell), "numbers");
      }
      texts = true;
      addCategory(table, cell);
    }
    if (isNumbers() && notNumber != Found.NOWHERE) {
      throw noNumber();
    }
  }

  /** A text that is not a missing value, where there is one. */
  private String text() {
    return categories.stream()
        .filter(c -> !MissingValue.is(c))
        .map(ByteSource::oneLine)
        .findFirst()
        .orElse("");
  }

  private BadData noNumber() {
    String cell = notNumber.cell();
    return new BadData(
        notNumber.where()
            + (cell.isEmpty()
                ? " is empty"
                : ": '"
                    + cell
                    + (Numbers.isNotFinite(cell)
                        ? "' is not a finite number"
                        : "' among numbers stands for a missing value"))
            + "; fill it in, drop the row, or leave the column out with --ignore");
  }

  private static BadData mixed(Found found, String others) {
    String what = found.where() + ": '" + ByteSource.oneLine(found.cell()) + "' among " + others;
    return new BadData(
        Spelling.of(found.cell())
            .map(s -> what + " " + s.what() + "; " + s.advice() + ", or leave the column out")
            .orElse(what + "; a column is numbers or categories, correct it or leave it out")
            .concat(" with --ignore"));
  }

  /** The number in a cell; one beyond a double is an error. */
  static double finite(CsvTable table, int column, String cell) {
    double value = Double.parseDouble(cell);
    if (!Double.isFinite(value)) {
      throw new BadData(
          table.where(column) + ": '" + cell + "' is beyond what a number holds; correct it");
    }
    return value;
  }

  private void addCategory(CsvTable table, String cell) {
    if (!categories.add(cell)) {
      return;
    }
    Spelling.of(cell)
        .ifPresent(
            spelling -> {
              spellings.merge(spelling, 1, Integer::sum);
              if (spelled == Found.NOWHERE) {
                spelled = new Found(table.where(column), cell);
              }
            });
    if (categories.size() > MAX_CATEGORIES) {
      refuseQuantities();
      throw new BadData(
          file
              + ": column '"
              + name
              + "' has more than "
              + MAX_CATEGORIES
              + " different texts, too many for categories; leave it out with --ignore or name it with --id");
    }
  }

  /**
   * Texts that are quantities or dates, more than half of the different ones, are an error that
   * names the first; a few with a unit pass, as classes such as {@code 4wd} are written so too.
   */
  void refuseQuantities() {
    int quantities = spellings.values().stream().mapToInt(v -> v).sum();
    int units = spellings.getOrDefault(Spelling.UNIT, 0);
    int different = categories.size();
    if (2 * quantities > different && (units < quantities || !fewUnits())) {
      Spelling kind = Spelling.of(spelled.cell()).orElseThrow();
      throw new BadData(
          spelled.where()
              + ": '"
              + spelled.cell()
              + "' "
              + kind.what()
              + "; "
              + kind.advice()
              + ", or leave the column out with --ignore");
    }
  }

  private boolean fewUnits() {
    int different = categories.size();
    return different <= MOST_UNITS && (different < 5 || 2L * different <= rows);
  }

  /** Whether the texts are a few quantities with a unit, such as {@code 10 mg}. */
  boolean hasUnits() {
    return 2 * spellings.getOrDefault(Spelling.UNIT, 0) > categories.size();
  }

  boolean isNumbers() {
    return figures.count() > 0;
  }

  /** Whether all rows hold the same; of a single row nothing can be said. */
  boolean isConstant() {
    return rows > 1 && (isNumbers() ? figures.isConstant() : categories.size() == 1);
  }

  /** Whether the whole numbers look like the rows' names, see {@link NumberFigures#areKeys}. */
  boolean numbersTheRows() {
    return figures.areKeys(name);
  }

  /** Different texts; 0 for numbers. */
  int differentTexts() {
    return categories.size();
  }

  /** Whether a text is among the column's. */
  boolean has(String text) {
    return categories.contains(text);
  }

  /** Cells among texts that say that there is no value. */
  long missing() {
    return missing;
  }

  String name() {
    return name;
  }

  /** The column as a model stores it. */
  Column column() {
    if (isNumbers()) {
      if (!figures.areFinite()) {
        throw new BadData(
            file
                + ": column '"
                + name
                + "': its numbers are too large to be standardised; scale them");
      }
      return new Column(name, Role.NUMBER, List.of());
    }
    return new Column(name, Role.CATEGORY, List.copyOf(categories));
  }

  double mean() {
    return figures.mean();
  }

  double deviation() {
    return figures.deviation();
  }
}
