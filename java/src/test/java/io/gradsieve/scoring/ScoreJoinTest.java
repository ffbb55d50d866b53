package io.gradsieve.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.TestSeed;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.reader.Samples;
import io.gradsieve.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code prune --scores}, where the data is not as it was when it was scored. */
class ScoreJoinTest {
  private static final List<String> COLUMNS = List.of("id", "a", "b", "color", "label");

  private static final String TOP = "policy=top";

  @TempDir Path directory;
  private final List<String> notes = new ArrayList<>();

  /** A row is its cells by column. */
  private static List<Map<String, String>> rows(int count, String prefix) {
    Random random = new Random(5);
    List<Map<String, String>> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      double a = random.nextGaussian();
      List<String> cells =
          List.of(
              prefix + i,
              Double.toString(a),
              Integer.toString(random.nextInt(1000)),
              List.of("red", "blue", "grün").get(random.nextInt(3)),
              a > 0 ? "yes" : "no");
      Map<String, String> row = new LinkedHashMap<>();
      IntStream.range(0, cells.size()).forEach(c -> row.put(COLUMNS.get(c), cells.get(c)));
      rows.add(row);
    }
    return rows;
  }

  private Path table(String name, List<Map<String, String>> rows, List<String> columns)
      throws IOException {
    List<String> lines = new ArrayList<>(List.of(String.join(",", columns)));
    rows.forEach(row -> lines.add(columns.stream().map(row::get).collect(Collectors.joining(","))));
    return Files.write(directory.resolve(name), lines);
  }

  private Path table(String name, List<Map<String, String>> rows) throws IOException {
    return table(name, rows, COLUMNS);
  }

  /** The scores file of a short training. */
  private Path scores(Path data, String... options) {
    Path run = directory.resolve("run-" + data.getFileName());
    List<String> all =
        new ArrayList<>(List.of("data=" + data, "epochs=1", "threads=1", "validation=0"));
    all.addAll(Arrays.asList(options));
    all.add("out=" + run);
    TrainingRun.of(TrainingConfig.of(all.toArray(String[]::new))).run();
    return run.resolve("scores.csv");
  }

  private List<String> pruned(Path scores, String out, String... options) throws IOException {
    List<String> all = new ArrayList<>(List.of("scores=" + scores, "keep=0.3"));
    all.addAll(Arrays.asList(options));
    Path file = directory.resolve(out);
    Files.deleteIfExists(file);
    all.add("out=" + file);
    Pruning.write(
        new SettingsReader("prune", CommandOptions.PRUNE).sets(all).resolve(), notes::add);
    return out.endsWith(".npz") ? List.of() : Files.readAllLines(file);
  }

  /** The ids that are kept of a table, sorted. */
  private List<String> kept(Path scores, Path data, String... options) throws IOException {
    List<String> all = new ArrayList<>(List.of("data=" + data, "id=id"));
    all.addAll(Arrays.asList(options));
    List<String> lines = pruned(scores, "kept.csv", all.toArray(String[]::new));
    int id = Arrays.asList(lines.get(0).split(",")).indexOf("id");
    return lines.stream().skip(1).map(line -> line.split(",")[id]).sorted().toList();
  }

  private static List<Map<String, String>> shuffled(List<Map<String, String>> rows, long seed) {
    List<Map<String, String>> other = new ArrayList<>(rows);
    Collections.shuffle(other, new Random(seed));
    return other;
  }

  /** The rows with another cell in one of them. */
  private static List<Map<String, String>> with(
      List<Map<String, String>> rows, int row, String column, String cell) {
    List<Map<String, String>> other = new ArrayList<>(rows);
    other.set(row, new LinkedHashMap<>(rows.get(row)));
    other.get(row).put(column, cell);
    return other;
  }

  private Path withoutContent(Path scores) throws IOException {
    List<String> lines = Files.readAllLines(scores);
    assertThat(lines.get(0)).endsWith(",content");
    List<String> old = lines.stream().map(l -> l.substring(0, l.lastIndexOf(','))).toList();
    return Files.write(directory.resolve("old.csv"), old);
  }

  private static void refused(ThrowingCallable call, String... parts) {
    var thrown = assertThatThrownBy(call).isInstanceOf(BadData.class);
    Arrays.stream(parts).forEach(thrown::hasMessageContaining);
  }

  @Test
  void rowsAndColumnsInAnyOrderKeepTheSameIds() throws IOException {
    long seed = TestSeed.of(22);
    List<Map<String, String>> rows = rows(200, "r");
    Path scores = scores(table("t.csv", rows), "id=id");
    Path old = withoutContent(scores);
    for (String choice : List.of("top", "random", "coverage")) {
      String[] options = {"policy=" + choice, "balanced=" + (seed % 2 == 0)};
      List<String> expected = kept(scores, directory.resolve("t.csv"), options);
      assertThat(expected).hasSize(60);
      for (long s = seed; s < seed + 4; s++) {
        List<String> columns = new ArrayList<>(COLUMNS);
        Collections.shuffle(columns.subList(0, 4), new Random(s)); // the label stays the last
        Path other = table("o.csv", shuffled(rows, s), columns);
        assertThat(kept(scores, other, options)).isEqualTo(expected);
        assertThat(kept(old, other, options)).isEqualTo(expected);
      }
    }
    assertThat(notes).noneMatch(note -> note.contains("score: left out"));
  }

  @Test
  void idsThatCountTheRowsJoinAsWellAsNames() throws IOException {
    List<Map<String, String>> rows = rows(100, "");
    Path data = table("t.csv", rows);
    Path scores = scores(data, "id=id");
    List<String> expected = kept(scores, data, TOP);
    Path other = table("o.csv", shuffled(rows, 1));
    assertThat(kept(scores, other, TOP)).isEqualTo(expected);
    refused(() -> pruned(scores, "k.csv", "data=" + other, TOP), "index", "--id");
  }

  @Test
  void scoresWithoutIdsJoinByIndexThoughIdsBeNumbers() throws IOException {
    List<Map<String, String>> rows = rows(100, "");
    for (int i = 0; i < rows.size(); i++) {
      rows.get(i).put("id", Integer.toString(i + 1));
    }
    Path data = table("t.csv", rows);
    Path scores = scores(data, "ignore=id");
    List<String> byIndex = pruned(scores, "k.csv", "data=" + data, "ignore=id", TOP);
    assertThat(pruned(scores, "l.csv", "data=" + data, "id=id", TOP)).isEqualTo(byIndex);
    refused(() -> kept(scores, table("o.csv", shuffled(rows, 1)), TOP), "of its 100 samples");
  }

  @Test
  void scoresWithoutIdsJoinByIndex() throws IOException {
    List<Map<String, String>> rows = rows(100, "r");
    Path data = table("t.csv", rows);
    Path scores = scores(data, "ignore=id");
    assertThat(kept(scores, data, TOP)).hasSize(30);
    refused(
        () -> kept(scores, table("o.csv", shuffled(rows, 1)), TOP),
        "scores.csv: other content in",
        "o.csv: ",
        "of its 100 samples, the first: index ");
  }

  @Test
  void aScoreWhoseRowIsMissingOrAnotherIsRefused() throws IOException {
    List<Map<String, String>> rows = rows(100, "r");
    Path scores = scores(table("t.csv", rows), "id=id");
    Path old = withoutContent(scores);
    List<Map<String, String>> other = shuffled(rows, 3);
    for (Path file : List.of(scores, old)) {
      refused(
          () -> kept(file, table("o.csv", other.subList(5, 100)), TOP),
          file + ": not in ",
          "o.csv: 5 of its 100 samples, the first: id 'r");
    }
    String id = other.get(40).get("id");
    refused(
        () -> kept(scores, table("o.csv", with(other, 40, "color", "mauve")), TOP),
        "other content in ",
        "o.csv: 1 of its 100 samples, the first: id '" + id + "'");
    String wrong = other.get(40).get("label").equals("yes") ? "no" : "yes";
    Path flipped = table("o.csv", with(other, 40, "label", wrong));
    refused(() -> kept(old, flipped, TOP), "another label in ", "the first: id '" + id + "'");
    assertThat(kept(scores, flipped, TOP)).hasSize(30); // its inputs are the same
    refused(() -> kept(scores, flipped, TOP, "ignore=b"), "100 of its 100", "--ignore");
  }

  @Test
  void rowsWithoutAScoreAreLeftOutInOneLine() throws IOException {
    List<Map<String, String>> rows = rows(100, "r");
    Path scores = scores(table("t.csv", rows.subList(0, 90)), "id=id");
    List<String> kept = kept(scores, table("o.csv", shuffled(rows, 4)), TOP);
    assertThat(kept).hasSize(27).doesNotContain("r90", "r95", "r99");
    assertThat(notes).contains("10 rows have no score: left out");
    notes.clear();
    kept(scores, table("o.csv", rows.subList(0, 91)), TOP);
    assertThat(notes).contains("1 row has no score: left out");
  }

  @Test
  void idsThatAreThereTwiceAreNamed() throws IOException {
    List<Map<String, String>> rows = rows(50, "r");
    Path data = table("t.csv", rows);
    Path scores = scores(data, "id=id");
    refused(
        () -> kept(scores, table("o.csv", with(rows, 7, "id", "r3")), TOP),
        "o.csv: id 'r3' is there twice, at index 3 and 7");
    List<String> lines = new ArrayList<>(Files.readAllLines(scores));
    lines.set(8, lines.get(8).replaceFirst("^r7,", "r3,"));
    Path twice = Files.write(directory.resolve("twice.csv"), lines);
    refused(() -> kept(twice, data, TOP), "twice.csv: id 'r3' is there twice");
  }

  @Test
  void scoresWithNamesNeedDataWithNames() throws IOException {
    Path data = table("t.csv", rows(50, "r"));
    Path scores = scores(data, "id=id");
    assertThatThrownBy(() -> pruned(scores, "k.csv", "data=" + data, TOP))
        .isInstanceOf(Usage.class)
        .hasMessageContaining("'r0'")
        .hasMessageContaining("--id COLUMN");
    refused(() -> pruned(scores, "k.npz", "data=digits", TOP), "'r0'", "digits have no names");
  }

  @Test
  void indicesAreThoseOfTheDataThatWasNamed() throws IOException {
    List<Map<String, String>> rows = rows(60, "r");
    Path scores = scores(table("t.csv", rows), "id=id");
    List<String> before = pruned(scores, "k.txt", TOP);
    List<Map<String, String>> other = shuffled(rows, 8);
    Path moved = table("o.csv", other);
    List<String> after = pruned(scores, "k.txt", "data=" + moved, "id=id", TOP);
    assertThat(ids(other, after)).isEqualTo(ids(rows, before)).hasSize(18);
    refused(() -> pruned(scores, "k.npy", "data=digits", TOP), "digits");
  }

  private static List<String> ids(List<Map<String, String>> rows, List<String> indices) {
    return indices.stream().map(i -> rows.get(Integer.parseInt(i)).get("id")).sorted().toList();
  }

  @Test
  void whatCannotBeCheckedIsSaid() throws IOException {
    Path data = table("t.csv", rows(10, "r"));
    StringBuilder text = new StringBuilder("index,grad_norm\n");
    IntStream.range(0, 10).forEach(i -> text.append(i).append(',').append(i).append('\n'));
    Path scores = Files.writeString(directory.resolve("own.csv"), text);
    assertThat(kept(scores, data, TOP)).containsExactly("r7", "r8", "r9");
    assertThat(notes)
        .anyMatch(n -> n.startsWith("warning: " + scores) && n.contains("10 of its 10"));
  }

  @Test
  void imagesAreJoinedByTheirPaths() throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (int i = 0; i < 20; i++) {
      String name = "train/%s/%02d.png".formatted(i % 2 == 0 ? "a" : "b", i);
      files.put(name, Samples.image("png", 4, 4, 10 * i, false));
    }
    files.put("test/a/1.png", Samples.image("png", 4, 4, 7, false));
    Path scores = scores(Samples.write(directory.resolve("i.zip"), Samples.zip(files)));
    List<String> before = pruned(scores, "k.txt", TOP);
    // one more before all others, so that every index is another
    files.put("train/a/!.png", Samples.image("png", 4, 4, 3, false));
    Path more = Samples.write(directory.resolve("more.zip"), Samples.zip(files));
    assertThat(pruned(scores, "k.txt", "data=" + more, TOP))
        .isEqualTo(before.stream().map(i -> Integer.toString(1 + Integer.parseInt(i))).toList());
    assertThat(notes).contains("1 row has no score: left out");
    files.put("train/a/04.png", Samples.image("png", 4, 4, 5, false));
    Path changed = Samples.write(directory.resolve("changed.zip"), Samples.zip(files));
    refused(
        () -> pruned(scores, "k.npz", "data=" + changed, TOP),
        "other content",
        "id 'train/a/04.png'");
    files.remove("train/a/04.png");
    Path fewer = Samples.write(directory.resolve("fewer.zip"), Samples.zip(files));
    refused(() -> pruned(scores, "k.npz", "data=" + fewer, TOP), "id 'train/a/04.png'");
  }

  @Test
  void arraysAreJoinedByIndexAndTheirTestPartIsNeverPruned() throws IOException {
    Path data = arrays("a.npz", 1);
    Path scores = scores(data);
    List<String> kept = pruned(scores, "k.txt", "data=" + data, TOP);
    assertThat(kept).hasSize(3);
    List<String> parts = new ArrayList<>();
    Files.readAllLines(scores).forEach(line -> parts.add(line + ",train"));
    parts.set(0, parts.get(0).replace(",train", ",split"));
    parts.add(parts.get(1).replaceFirst("^0,0,", "0,1,").replace(",train", ",test"));
    Path both = Files.write(directory.resolve("both.csv"), parts);
    assertThat(pruned(both, "k.txt", "data=" + data, TOP)).isEqualTo(kept);
    refused(
        () -> pruned(scores, "k.npz", "data=" + arrays("b.npz", 3), TOP),
        "other content",
        "9 of its 10 samples, the first: index 1");
  }

  private Path arrays(String name, int factor) throws IOException {
    Map<String, byte[]> arrays = new LinkedHashMap<>();
    byte[] x = new byte[40];
    IntStream.range(0, 40).forEach(i -> x[i] = (byte) (i < 4 ? i : factor * i));
    arrays.put("x.npy", Samples.npy(x, 10, 4));
    arrays.put("y.npy", Samples.npy(LongStream.range(0, 10).map(i -> i % 2).toArray(), 10));
    arrays.put("x_test.npy", Samples.npy(Samples.counting(8, 5), 2, 4));
    arrays.put("y_test.npy", Samples.npy(new long[] {0, 1}, 2));
    return Samples.write(directory.resolve(name), Samples.zip(arrays));
  }
}
