package io.gradsieve.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.format.csv.Numbers;
import io.gradsieve.sieve.ScoreColumns;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A scores file, as {@code train} and {@code score} write it. */
final class ScoresFile {
  private ScoresFile() {}

  /**
   * What {@code prune} needs of its training rows; {@code score} is empty for none. Throws {@code
   * BadData} naming row and column.
   *
   * @param judged whether it matters what is known of their labels
   */
  static RankedSamples read(
      Path file, Optional<ScoreColumns> score, boolean byClass, boolean judged) {
    try (CsvTable table = CsvTable.open(file)) {
      int index = column(table, ScoreColumns.INDEX.key());
      int value = score.isEmpty() ? -1 : ranked(table, score.get().key());
      int label = byClass ? column(table, ScoreColumns.LABEL.key()) : -1;
      long[] indices = new long[16];
      double[] scores = new double[16];
      int[] classes = new int[16];
      Map<String, Integer> names = new HashMap<>();
      LabelColumns labels = new LabelColumns(table);
      int n = 0;
      while (nextTraining(table)) {
        if (n == indices.length) {
          indices = Arrays.copyOf(indices, 2 * n);
          scores = Arrays.copyOf(scores, 2 * n);
          classes = Arrays.copyOf(classes, 2 * n);
        }
        indices[n] = index(table, index);
        scores[n] = value < 0 ? 0 : number(table, value);
        if (judged) {
          labels.add(table);
        }
        classes[n] = label < 0 ? 0 : names.computeIfAbsent(table.cell(label), k -> names.size());
        n++;
      }
      if (n == 0) {
        throw new GradsieveException.BadData(file + ": has no rows of training samples");
      }
      return RankedSamples.of(
          distinct(file, Arrays.copyOf(indices, n)),
          Arrays.copyOf(scores, n),
          Arrays.copyOf(classes, n),
          labels.labels(),
          Optional.empty());
    }
  }

  /** Goes to the next row of a training sample: those of a test part are passed over. */
  static boolean nextTraining(CsvTable table) {
    int split = table.header().indexOf(ScoreColumns.SPLIT.key());
    boolean there = table.next();
    while (there && split >= 0 && table.cell(split).equals("test")) {
      there = table.next();
    }
    return there;
  }

  private static long[] distinct(Path file, long[] indices) {
    long[] sorted = indices.clone();
    Arrays.sort(sorted);
    for (int i = 1; i < sorted.length; i++) {
      if (sorted[i] == sorted[i - 1]) {
        throw new GradsieveException.BadData(
            "%s: index %d is there twice; a sample has one row".formatted(file, sorted[i]));
      }
    }
    return indices;
  }

  /** The column to rank by; where it is missing, says which others there are. */
  private static int ranked(CsvTable table, String score) {
    List<String> there =
        ScoreColumns.RANKABLE.stream()
            .map(ScoreColumns::key)
            .filter(table.header()::contains)
            .toList();
    if (there.isEmpty() || there.contains(score)) {
      return column(table, score);
    }
    throw new GradsieveException.BadData(
        "%s: has no column '%s' to rank by; give --by %s, which it has, or score anew"
            .formatted(table.name(), score, String.join(" or ", there)));
  }

  static int column(CsvTable table, String name) {
    int column = table.header().indexOf(name);
    if (column < 0) {
      throw new GradsieveException.BadData(
          "%s: has no column '%s'; is it a scores file of train or score? (nearest: '%s')"
              .formatted(table.name(), name, GradsieveException.nearest(name, table.header())));
    }
    return column;
  }

  static long index(CsvTable table, int column) {
    String cell = table.cell(column);
    if (!cell.matches("[0-9]{1,18}")) {
      throw new GradsieveException.BadData(
          "%s: '%s' is not a position".formatted(table.where(column), cell));
    }
    return Long.parseLong(cell);
  }

  static double number(CsvTable table, int column) {
    String cell = table.cell(column);
    if (!Numbers.isNumber(cell) || Double.isInfinite(Double.parseDouble(cell))) {
      throw new GradsieveException.BadData(
          "%s: '%s' is not a number; was the sample scored? Rank by another score or score it"
              .formatted(table.where(column), cell));
    }
    return Double.parseDouble(cell);
  }
}
