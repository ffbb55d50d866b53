package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.format.csv.MissingValue;
import io.gradsieve.format.csv.Numbers;
import io.gradsieve.format.csv.Spelling;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Collects the classes of a label column and finds out whether they are classes: a cell that says
 * that there is no value is an error, and so is a quantity to regress on.
 */
final class LabelSurvey {
  /** Half stars from 0 to 5 are classes; more different fractions are measured. */
  private static final int MOST_FRACTIONS = 12;

  /** Up to so many classes nobody is asked whether they are. */
  private static final int FEW_CLASSES = 20;

  /** Rows a class on average, below which its samples are hardly enough. */
  private static final int FEW_ROWS = 5;

  /** The share of its range that class numbers from 0 or 1 fill. */
  private static final double DENSE = 0.9;

  private final TreeSet<String> labels = new TreeSet<>(LabelOrder.BY_VALUE);
  private final String file;
  private final int column;
  private final String name;
  private long rows;

  LabelSurvey(String file, String name, int column) {
    this.file = file;
    this.name = name;
    this.column = column;
  }

  /** Takes the label of the current row. */
  void accept(CsvTable table) {
    String cell = table.cell(column);
    if (MissingValue.is(cell)) {
      throw missing(table, column);
    }
    rows++;
    if (labels.add(cell) && labels.size() > DatasetBuilder.MAX_CLASSES) {
      throw new BadData(
          table.where(column)
              + ": more than "
              + DatasetBuilder.MAX_CLASSES
              + " different labels; is this the label column? name it with --label");
    }
  }

  /** The message for a label cell that says that there is no value. */
  static BadData missing(CsvTable table, int column) {
    String cell = table.cell(column);
    return new BadData(
        table.where(column)
            + (cell.isEmpty()
                ? ": the label is empty; fill it in or drop the row"
                : ": the label '"
                    + cell
                    + "' stands for a missing value; fill it in or drop the row, or if it is a"
                    + " class, write it another way"));
  }

  /** Class names, sorted. */
  List<String> classes() {
    return List.copyOf(labels);
  }

  /** Whether a text is a class. */
  boolean has(String text) {
    return labels.contains(text);
  }

  /** Whether all classes are numbers. */
  boolean isNumbers() {
    return labels.stream().allMatch(Numbers::isNumber);
  }

  /**
   * Refuses what is measured or names the rows; returns what to tell of labels that may not be
   * classes.
   */
  Optional<String> check() {
    int classes = labels.size();
    String found =
        file + ": label column '" + name + "' has " + classes + " different values in " + rows;
    boolean mostDiffer = 2L * classes > rows;
    boolean measured = areFractions() || areQuantities();
    if (measured && (classes > MOST_FRACTIONS || (mostDiffer && classes >= FEW_ROWS))) {
      throw new BadData(
          found
              + " rows, such as "
              + labels.last()
              + ": a quantity, and only classes can be learned; make classes of its ranges (low,"
              + " high), or name another column with --label");
    }
    if (mostDiffer && rows > FEW_CLASSES) {
      throw new BadData(
          found
              + " rows, such as "
              + labels.last()
              + "; a class needs several rows: make classes of its ranges if it is a quantity, or"
              + " name another column with --label");
    }
    if ((mostDiffer && classes >= FEW_ROWS)
        || (classes > FEW_CLASSES
            && (rows < (long) FEW_ROWS * classes || (isNumbers() && !countsUp())))) {
      return Optional.of(
          "warning: "
              + found
              + " rows; each is a class of its own. If it is a quantity, make classes of its"
              + " ranges; if it is not the class, name that column with --label");
    }
    return Optional.empty();
  }

  private boolean areFractions() {
    return isNumbers()
        && labels.stream().mapToDouble(Double::parseDouble).anyMatch(v -> v != Math.rint(v));
  }

  /** Whether more than half of the labels are amounts, dates and the like. */
  private boolean areQuantities() {
    long quantities =
        labels.stream()
            .map(Spelling::of)
            .filter(s -> s.isPresent() && s.get() != Spelling.UNIT)
            .count();
    return 2 * quantities > labels.size();
  }

  /** Whether whole numbers fill the range from 0 or 1, as numbers of classes do. */
  private boolean countsUp() {
    double first = Double.parseDouble(labels.first());
    double last = Double.parseDouble(labels.last());
    return (first == 0 || first == 1) && labels.size() >= DENSE * (last - first + 1);
  }
}
