package io.gradsieve.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.sieve.ScoreColumns;
import java.util.BitSet;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Reads what a scores file says of labels, row by row; any of its columns may be missing. */
final class LabelColumns {
  /**
   * Margin above which the network contradicts a label: another class is more probable by 0.3. Less
   * is doubt: of clean data a plain wrong prediction leaves out twice as many suspects that are
   * right, of noisy data hardly more that are wrong.
   */
  static final double CONTRADICTION = 1.3;

  private final int issue;
  private final int quality;
  private final int label;
  private final int predicted;
  private final int margin;
  private final BitSet suspected = new BitSet();
  private final BitSet contradicted = new BitSet();
  private final DoubleStream.Builder qualities = DoubleStream.builder();
  private int rows;
  private boolean known;

  /** The columns of a table before its first row. */
  LabelColumns(CsvTable table) {
    issue = table.header().indexOf(ScoreColumns.LABEL_ISSUE.key());
    quality = table.header().indexOf(ScoreColumns.LABEL_QUALITY.key());
    label = table.header().indexOf(ScoreColumns.LABEL.key());
    predicted = table.header().indexOf(ScoreColumns.PREDICTED.key());
    margin = table.header().indexOf(ScoreColumns.MARGIN.key());
  }

  /** Takes the row that the table is at; throws {@code BadData} naming row and column. */
  void add(CsvTable table) {
    if (issue >= 0 && !table.cell(issue).isEmpty()) {
      known = true;
      double flag = ScoresFile.number(table, issue);
      if (flag != 0 && flag != 1) {
        throw new GradsieveException.BadData(
            "%s: '%s' is neither 0 nor 1".formatted(table.where(issue), table.cell(issue)));
      }
      suspected.set(rows, flag == 1);
    }
    contradicted.set(rows, contradicts(table));
    boolean judged = quality >= 0 && !table.cell(quality).isEmpty();
    qualities.add(judged ? ScoresFile.number(table, quality) : 0);
    rows++;
  }

  private boolean contradicts(CsvTable table) {
    if (margin >= 0 && !table.cell(margin).isEmpty()) {
      return ScoresFile.number(table, margin) > CONTRADICTION;
    }
    return label >= 0
        && predicted >= 0
        && !table.cell(predicted).isEmpty()
        && !table.cell(predicted).equals(table.cell(label));
  }

  /** Of all rows taken; empty if none says whether its label is suspected. */
  Optional<SuspectedLabels> labels() {
    return known
        ? Optional.of(
            new SuspectedLabels(
                marked(suspected), marked(contradicted), qualities.build().toArray()))
        : Optional.empty();
  }

  private boolean[] marked(BitSet rowsSet) {
    boolean[] marked = new boolean[rows];
    IntStream.range(0, rows).filter(rowsSet::get).forEach(row -> marked[row] = true);
    return marked;
  }
}
