package io.gradsieve.train.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.sieve.ScoreColumns;
import java.util.BitSet;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Reads what a scores file says of labels, row by row; any of its columns may be missing. */
final class LabelColumns {
  private final int issue;
  private final int quality;
  private final int label;
  private final int predicted;
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
    if (label >= 0 && predicted >= 0 && !table.cell(predicted).isEmpty()) {
      contradicted.set(rows, !table.cell(predicted).equals(table.cell(label)));
    }
    boolean judged = quality >= 0 && !table.cell(quality).isEmpty();
    qualities.add(judged ? ScoresFile.number(table, quality) : 0);
    rows++;
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
