package io.gradsieve.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Schema;
import io.gradsieve.data.reader.Samples;
import io.gradsieve.format.npy.NpzArchive;
import io.gradsieve.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code prune --filter}, on rows of which those with a small |a| are hard. */
class FilteredDataTest {
  @TempDir Path directory;
  private Optional<String> whyBare = Optional.empty();

  private final List<String> notes = new ArrayList<>();
  private Path filter;

  @BeforeEach
  void learn() throws IOException {
    Path data = Files.writeString(directory.resolve("seen.csv"), rows(1500, 1, true));
    learn(data, "run", "label=kind");
  }

  private void learn(Path data, String run, String... options) {
    List<String> all = new ArrayList<>(List.of(options));
    all.addAll(List.of("data=" + data, "threads=1", "epochs=2", "sieve=learned:sample=1"));
    all.add("out=" + directory.resolve(run));
    TrainingRun.of(TrainingConfig.of(all.toArray(String[]::new))).run();
    filter = directory.resolve(run).resolve("filter.safetensors");
  }

  /** Whether a is positive, a in [−1, 1) and a color that says nothing, so that none is label. */
  private static String rows(int count, long seed, boolean labelled) {
    RandomBits random = RandomBits.of(seed, "rows", 0);
    StringBuilder text = new StringBuilder(labelled ? "kind,a,color\n" : "a,color\n");
    for (int i = 0; i < count; i++) {
      double a = 2 * random.uniform(i) - 1;
      text.append(labelled ? a > 0 ? "yes," : "no," : "").append(a);
      text.append(random.below(count + i, 2) == 0 ? ",red\n" : ",blue\n");
    }
    return text.toString();
  }

  private List<String> kept(String out, String... options) throws IOException {
    List<String> all = new ArrayList<>(List.of(options));
    all.add("filter=" + filter);
    all.add("out=" + directory.resolve(out));
    whyBare =
        Pruning.write(
                new SettingsReader("prune", CommandOptions.PRUNE).sets(all).resolve(), notes::add)
            .unlabelled();
    return Files.readAllLines(directory.resolve(out));
  }

  private String data(String name, String text) throws IOException {
    return "data=" + Files.writeString(directory.resolve(name), text);
  }

  @Test
  void rowsNeverScoredAreRankedByWhatTheFilterPredicts() throws IOException {
    String text = rows(400, 2, false);
    List<String> kept = kept("kept.txt", data("new.csv", text), "keep=0.3", "policy=top");
    assertThat(kept).hasSize(120).doesNotHaveDuplicates();
    assertThat(meanOfA(kept, text)).isLessThan(0.3);
    assertThat(notes).isEmpty();
  }

  @Test
  void byDefaultAFilterKeepsEasyRowsToo() throws IOException {
    // The hard rows alone were 1 to 8 points worse than a random half of tables with wrong labels.
    String text = rows(400, 2, false);
    List<String> kept = kept("kept.txt", data("new.csv", text), "keep=0.3");
    assertThat(kept).hasSize(120).doesNotHaveDuplicates();
    assertThat(meanOfA(kept, text)).isBetween(0.4, 0.75);
    assertThat(notes).singleElement().asString().contains("labels", "--policy top");
  }

  private static double meanOfA(List<String> kept, String text) {
    List<String> rows = text.lines().skip(1).toList();
    return kept.stream()
        .mapToDouble(i -> Double.parseDouble(rows.get(Integer.parseInt(i)).split(",")[0]))
        .map(Math::abs)
        .average()
        .orElseThrow();
  }

  @Test
  void theKeptRowsThemselvesCanBeWritten() throws IOException {
    List<String> kept = kept("half.csv", data("new.csv", rows(100, 2, true)), "keep=0.5");
    assertThat(kept).hasSize(51).first().isEqualTo("kind,a,color");
    String unlabelled = rows(100, 2, false);
    kept = kept("half.csv", data("new.csv", unlabelled), "keep=0.5");
    assertThat(unlabelled.lines()).containsAll(kept);
    assertThat(kept).hasSize(51).first().isEqualTo("a,color");
    String halfLabelled = rows(100, 2, true).replace("yes,", ",");
    assertThat(kept("half.csv", data("new.csv", halfLabelled), "keep=0.5")).hasSize(51);
    assertThat(whyBare).isEmpty();
  }

  @Test
  void balancedTakesTheClassesOfTheData() throws IOException {
    // Classes that the filter has never heard of.
    String text = rows(300, 3, true).replace("yes,", "maybe,").replace("no,", "never,");
    String data = data("new.csv", text);
    List<String> rows = text.lines().skip(1).toList();
    long maybe = rows.stream().filter(row -> row.startsWith("maybe")).count();
    for (String policy : List.of("trusted", "top", "coverage", "random")) {
      List<String> kept = kept("kept.txt", data, "keep=0.2", "balanced=true", "policy=" + policy);
      assertThat(kept).hasSize(60);
      assertThat(
              kept.stream().filter(i -> rows.get(Integer.parseInt(i)).startsWith("maybe")).count())
          .isBetween((long) (0.2 * maybe), (long) (0.2 * maybe) + 1);
    }
  }

  @Test
  void balancedWithoutLabelsSaysThatItNeedsThem() {
    for (String text : List.of(rows(10, 3, false), rows(10, 3, true).replace("yes,", ","))) {
      assertThatThrownBy(() -> kept("k.txt", data("new.csv", text), "keep=0.5", "balanced=true"))
          .isInstanceOf(GradsieveException.BadData.class)
          .hasMessageStartingWith("--balanced needs the label of every sample: ")
          .hasMessageContaining("new.csv");
    }
  }

  /** 300 samples of two features of a size; without labels, or with two that are {@code far}. */
  private Path arrays(String name, float size, int far) throws IOException {
    float[] x = new float[600];
    long[] y = new long[300];
    for (int i = 0; i < y.length; i++) {
      x[2 * i] = size * (i % 17 / 8f - 1);
      x[2 * i + 1] = size * (i % 2 * 2 - 1);
      y[i] = i % 2 * far;
    }
    Map<String, byte[]> arrays = new LinkedHashMap<>(Map.of("x.npy", Samples.npy(x, 300, 2)));
    if (far > 0) {
      arrays.put("y.npy", Samples.npy(y, 300));
    }
    return Samples.write(directory.resolve(name), Samples.zip(arrays));
  }

  @Test
  void arraysKeepTheLabelsTheyHave() throws IOException {
    Path bare = arrays("bare.npz", 1, 0);
    Path seen = arrays("seen.npz", 1, 1);
    // More classes than a filter has bins.
    Path many = arrays("many.npz", 1, 23);
    learn(seen, "arrays");
    assertThat(pruned(seen, "balanced=true").labelled()).isTrue();
    assertThat(whyBare).isEmpty();
    assertThat(pruned(bare).labelled()).isFalse();
    assertThat(whyBare)
        .hasValueSatisfying(why -> assertThat(why).contains("bare.npz: has no array y"));
    Dataset kept = pruned(many, "balanced=true");
    assertThat(kept.size()).isEqualTo(150);
    assertThat(Arrays.stream(kept.train()).filter(i -> kept.label(i) == 23)).hasSize(75);
    assertThatThrownBy(() -> pruned(bare, "balanced=true"))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageStartingWith("--balanced needs the label of every sample: ")
        .hasMessageContaining("bare.npz: has no array y");
    Path wild = arrays("wild.npz", 3.4e38f, 0);
    assertThatThrownBy(() -> pruned(wild))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageMatching(
            "the loss of \\d+ of 256 samples is not finite \\(the first: training sample with index 0 of wild\\) with this filter; correct the data, or take another filter");
  }

  /** Half of some arrays, with the labels that were written. */
  private Dataset pruned(Path data, String... options) {
    Path out = directory.resolve("half.npz");
    List<String> all = new ArrayList<>(List.of(options));
    all.addAll(List.of("filter=" + filter, "data=" + data, "keep=0.5", "out=" + out));
    whyBare =
        Pruning.write(
                new SettingsReader("prune", CommandOptions.PRUNE).sets(all).resolve(), note -> {})
            .unlabelled();
    try (NpzArchive arrays = NpzArchive.open(out)) {
      return DataSource.open(
          arrays.names().contains("y")
              ? DataRequest.evaluate(out.toString())
              : DataRequest.predict(out.toString(), Schema.plain(2)));
    }
  }

  @Test
  void otherColumnsOrShapesAreBadData() {
    assertThatThrownBy(() -> kept("k.txt", data("other.csv", "b,color\n1,red\n"), "keep=0.5"))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("other.csv: has no column 'a'");
    assertThatThrownBy(() -> kept("k.txt", "data=digits", "keep=0.5"))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("digits");
  }
}
