package io.gradsieve.scoring;

import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.sieve.ScoreColumns;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What a scores file knows its training samples by, [N] each.
 *
 * @param ids the index where the file has none
 * @param contents hashes of the inputs; empty where the file has none
 * @param labels class names; empty where the file has none
 */
record SampleKeys(String[] ids, long[] indices, String[] contents, String[] labels) {

  /** Reads a scores file; throws {@code BadData} naming row and column. */
  static SampleKeys read(Path file) {
    try (CsvTable table = CsvTable.open(file)) {
      int index = ScoresFile.column(table, ScoreColumns.INDEX.key());
      int id = table.header().indexOf(ScoreColumns.ID.key());
      int content = table.header().indexOf(ScoreColumns.CONTENT.key());
      int label = table.header().indexOf(ScoreColumns.LABEL.key());
      List<String> ids = new ArrayList<>();
      List<Long> indices = new ArrayList<>();
      List<String> contents = new ArrayList<>();
      List<String> labels = new ArrayList<>();
      Map<String, String> classes = new HashMap<>();
      while (ScoresFile.nextTraining(table)) {
        indices.add(ScoresFile.index(table, index));
        ids.add(id < 0 ? table.cell(index) : table.cell(id));
        contents.add(content < 0 ? "" : table.cell(content));
        String name = label < 0 ? "" : table.cell(label);
        labels.add(classes.computeIfAbsent(name, same -> same));
      }
      return new SampleKeys(
          ids.toArray(String[]::new),
          indices.stream().mapToLong(i -> i).toArray(),
          contents.toArray(String[]::new),
          labels.toArray(String[]::new));
    }
  }

  int size() {
    return indices.length;
  }

  /** Whether ids are more than the index. */
  boolean named() {
    return IntStream.range(0, size()).anyMatch(i -> !ids[i].equals(Long.toString(indices[i])));
  }

  /** Samples of which neither content nor label is known. */
  long unchecked() {
    return IntStream.range(0, size())
        .filter(i -> contents[i].isEmpty() && labels[i].isEmpty())
        .count();
  }
}
