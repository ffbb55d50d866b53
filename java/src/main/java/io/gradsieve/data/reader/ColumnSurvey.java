package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.Schema.Column;
import io.gradsieve.data.Schema.Role;
import io.gradsieve.format.ByteSource;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.format.csv.Numbers;
import java.util.List;
import java.util.TreeSet;

/**
 * Finds out, cell by cell, whether an input column is numbers or categories, and what a model must
 * know of it. Numbers when every value is one, categories when none is; anything else is an error
 * that names row and column. Mean and deviation by Welford (1962), in double.
 */
final class ColumnSurvey {
  /** More different texts than this are most likely names or sentences, not categories. */
  static final int MAX_CATEGORIES = 1_000;

  private final String file;
  private final String name;
  private final int column;
  private final TreeSet<String> categories = new TreeSet<>();
  private boolean numbers;
  private boolean texts;
  private long count;
  private double mean;
  private double squares;

  /**
   * The first cell that is empty or not finite: an error as soon as the column turns out to be
   * numbers.
   */
  private String notNumber = "";

  /** Of a column of a table; {@code file} begins messages. */
  ColumnSurvey(String file, String name, int column) {
    this.file = file;
    this.name = name;
    this.column = column;
  }

  /** Takes the column's cell of the current row. */
  void accept(CsvTable table) {
    String cell = table.cell(column);
    if (Numbers.isNumber(cell)) {
      if (texts) {
        throw mixed(table, cell, "categories");
      }
      numbers = true;
      addNumber(finite(table, column, cell));
    } else if (cell.isEmpty() || Numbers.isNotFinite(cell)) {
      if (notNumber.isEmpty()) {
        notNumber =
            table.where(column)
                + (cell.isEmpty() ? " is empty" : ": '" + cell + "' is not a finite number")
                + "; fill it in, drop the row, or leave the column out with --ignore";
      }
      addCategory(cell);
    } else {
      if (numbers) {
        throw mixed(table, cell, "numbers");
      }
      texts = true;
      addCategory(cell);
    }
    if (numbers && !notNumber.isEmpty()) {
      throw new BadData(notNumber);
    }
  }

  private BadData mixed(CsvTable table, String cell, String others) {
    return new BadData(
        table.where(column)
            + ": '"
            + ByteSource.oneLine(cell)
            + "' among "
            + others
            + "; a column is numbers or categories, correct it or leave it out with --ignore");
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

  private void addNumber(double value) {
    count++;
    double before = value - mean;
    mean += before / count;
    squares += before * (value - mean);
  }

  private void addCategory(String cell) {
    if (categories.add(cell) && categories.size() > MAX_CATEGORIES) {
      throw new BadData(
          file
              + ": column '"
              + name
              + "' has more than "
              + MAX_CATEGORIES
              + " different texts, too many for categories; leave it out with --ignore or name it with --id");
    }
  }

  /** The column as a model stores it. */
  Column finish() {
    if (numbers) {
      if (!Double.isFinite(mean) || !Double.isFinite(squares)) {
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
    return mean;
  }

  /** Of the population; 1 if all values are equal. */
  double deviation() {
    double deviation = count == 0 ? 0 : Math.sqrt(squares / count);
    return deviation > 0 ? deviation : 1;
  }
}
