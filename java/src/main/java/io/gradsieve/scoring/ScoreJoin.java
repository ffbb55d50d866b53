package io.gradsieve.scoring;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.data.Dataset;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Finds the samples of a scores file in the training part of data: by id where there are ids, else
 * by index. What both know of a sample, its content or else its label, must agree.
 */
final class ScoreJoin {
  private static final int ABSENT = -1;

  private final Path file;
  private final SampleKeys keys;
  private final String source;
  private final Dataset data;
  private final int[] train;
  private final boolean byId;

  private ScoreJoin(Path file, String source, Dataset data) {
    this.file = file;
    this.keys = SampleKeys.read(file);
    this.source = source;
    this.data = data;
    train = data.train();
    byId = joinsById();
  }

  /**
   * The ranked samples of a scores file where they lie in {@code data}, which {@code source} names.
   *
   * @param notes takes how many samples of the data have no score, and what can't be checked
   * @throws Usage if the scores name samples by a column that the data was read without
   * @throws BadData if a sample is missing, is there twice, or is another one than was scored
   */
  static RankedSamples of(
      Path file, RankedSamples ranked, String source, Dataset data, Consumer<String> notes) {
    ScoreJoin join = new ScoreJoin(file, source, data);
    if (!Arrays.equals(join.keys.indices(), ranked.indices())) {
      throw new BadData(file + ": changed while it was read; try again");
    }
    int[] found = join.byId ? join.byId() : join.byIndex();
    join.check(found);
    join.tell(found.length, notes);
    return ranked.in(data, Arrays.stream(found).mapToLong(data::index).toArray());
  }

  /**
   * Whether ids join. Without ids a scores file has the index in their place, and so it looks where
   * ids count the rows: then they join unless the samples are the same by index, or the data knows
   * none of them.
   */
  private boolean joinsById() {
    if (data.named()) {
      Set<String> scored = new HashSet<>(Arrays.asList(keys.ids()));
      return keys.named()
          || !sameByIndex() && Arrays.stream(train).mapToObj(data::id).anyMatch(scored::contains);
    }
    if (keys.named()) {
      String names = "%s names its samples ('%s' is the first)".formatted(file, keys.ids()[0]);
      if (data.schema().columns().isEmpty()) {
        throw new BadData(
            "%s, and those of %s have no names; are the scores of other data?"
                .formatted(names, source));
      }
      throw new Usage(
          "%s: give --id COLUMN too, the column of %s with these names".formatted(names, source));
    }
    return false;
  }

  private boolean sameByIndex() {
    int[] found = byIndex();
    return keys.unchecked() == 0
        && IntStream.range(0, found.length)
            .allMatch(row -> found[row] != ABSENT && agrees(row, found[row]));
  }

  /** The position in the data of each row of the file. */
  private int[] byId() {
    Map<String, Integer> samples = new HashMap<>();
    for (int sample : train) {
      Integer before = samples.put(data.id(sample), sample);
      if (before != null) {
        throw new BadData(
            "%s: id '%s' is there twice, at index %d and %d; scores are joined by id: make the ids differ"
                .formatted(source, data.id(sample), data.index(before), data.index(sample)));
      }
    }
    boolean[] taken = new boolean[data.size()];
    int[] found = new int[keys.size()];
    for (int row = 0; row < found.length; row++) {
      found[row] = samples.getOrDefault(keys.ids()[row], ABSENT);
      if (found[row] != ABSENT && taken[found[row]]) {
        throw new BadData(
            "%s: id '%s' is there twice; a sample has one row".formatted(file, keys.ids()[row]));
      }
      if (found[row] != ABSENT) {
        taken[found[row]] = true;
      }
    }
    return found;
  }

  /** As {@link #byId()}. */
  private int[] byIndex() {
    long[] ascending = Arrays.stream(train).mapToLong(data::index).toArray();
    return Arrays.stream(keys.indices())
        .mapToInt(index -> Arrays.binarySearch(ascending, index))
        .map(at -> at < 0 ? ABSENT : train[at])
        .toArray();
  }

  private void check(int[] found) {
    int[] rows = IntStream.range(0, keys.size()).toArray();
    int[] missing = Arrays.stream(rows).filter(row -> found[row] == ABSENT).toArray();
    if (missing.length > 0) {
      throw refused("not", missing);
    }
    int[] differing = Arrays.stream(rows).filter(row -> !agrees(row, found[row])).toArray();
    if (differing.length > 0) {
      boolean content = !keys.contents()[differing[0]].isEmpty();
      throw refused(content ? "other content" : "another label", differing);
    }
  }

  private BadData refused(String fault, int[] rows) {
    String name =
        byId ? "id '%s'".formatted(keys.ids()[rows[0]]) : "index " + keys.indices()[rows[0]];
    String columns =
        data.schema().columns().isEmpty()
            ? ""
            : ", or were --label, --id, --weight or --ignore others";
    return new BadData(
        "%s: %s in %s: %,d of its %,d samples, the first: %s; are the scores of other data%s?"
            .formatted(file, fault, source, rows.length, keys.size(), name, columns));
  }

  private boolean agrees(int row, int sample) {
    String content = keys.contents()[row];
    String label = keys.labels()[row];
    return content.isEmpty()
        ? label.isEmpty() || label.equals(data.classes().get(data.label(sample)))
        : content.equals(data.content(sample));
  }

  private void tell(int scored, Consumer<String> notes) {
    int left = train.length - scored;
    if (left > 0) {
      notes.accept(
          "%,d %s no score: left out".formatted(left, left == 1 ? "row has" : "rows have"));
    }
    long unchecked = keys.unchecked();
    if (unchecked > 0) {
      notes.accept(
          "warning: %s: %,d of its %,d samples have neither content nor label there, so whether they are those of %s is not checked"
              .formatted(file, unchecked, keys.size(), source));
    }
  }
}
