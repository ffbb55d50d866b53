package io.gradsieve.train.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.train.Trainer;
import io.gradsieve.train.TrainingConfig;
import io.gradsieve.train.option.CommandOptions;
import io.gradsieve.train.option.SettingsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code prune --filter}, on rows of which those with a small |a| are hard. */
class FilteredDataTest {
  @TempDir Path directory;

  private Path filter;

  @BeforeEach
  void learn() throws IOException {
    Path data = Files.writeString(directory.resolve("seen.csv"), rows(1500, 1, true));
    Trainer.of(
            TrainingConfig.of(
                "data=" + data,
                "threads=1",
                "epochs=2",
                "out=" + directory.resolve("run"),
                "sieve=learned:sample=1"))
        .run();
    filter = directory.resolve("run/filter.safetensors");
  }

  /** a in [−1, 1), a color that says nothing, and whether a is positive. */
  private static String rows(int count, long seed, boolean labelled) {
    RandomBits random = RandomBits.of(seed, "rows", 0);
    StringBuilder text = new StringBuilder(labelled ? "a,color,label\n" : "a,color\n");
    for (int i = 0; i < count; i++) {
      double a = 2 * random.uniform(i) - 1;
      text.append(a).append(',').append(random.below(count + i, 2) == 0 ? "red" : "blue");
      text.append(labelled ? a > 0 ? ",yes\n" : ",no\n" : "\n");
    }
    return text.toString();
  }

  private List<String> kept(String out, String... options) throws IOException {
    List<String> all = new ArrayList<>(List.of(options));
    all.add("filter=" + filter);
    all.add("out=" + directory.resolve(out));
    Pruning.write(new SettingsReader("prune", CommandOptions.PRUNE).sets(all).resolve());
    return Files.readAllLines(directory.resolve(out));
  }

  private String data(String name, String text) throws IOException {
    return "data=" + Files.writeString(directory.resolve(name), text);
  }

  @Test
  void rowsNeverScoredAreRankedByWhatTheFilterPredicts() throws IOException {
    String text = rows(400, 2, false);
    List<String> kept = kept("kept.txt", data("new.csv", text), "keep=0.3");
    List<String> rows = text.lines().skip(1).toList();
    assertThat(kept).hasSize(120).doesNotHaveDuplicates();
    double mean =
        kept.stream()
            .mapToDouble(i -> Double.parseDouble(rows.get(Integer.parseInt(i)).split(",")[0]))
            .map(Math::abs)
            .average()
            .orElseThrow();
    assertThat(mean).isLessThan(0.3);
  }

  @Test
  void theKeptRowsThemselvesCanBeWritten() throws IOException {
    List<String> kept = kept("half.csv", data("new.csv", rows(100, 2, true)), "keep=0.5");
    assertThat(kept).hasSize(51).first().isEqualTo("a,color,label");
  }

  @Test
  void balancedTakesTheClassesOfTheData() throws IOException {
    // Classes that the filter has never heard of.
    String text = rows(300, 3, true).replace(",yes", ",maybe").replace(",no", ",never");
    String data = data("new.csv", text);
    List<String> rows = text.lines().skip(1).toList();
    long maybe = rows.stream().filter(row -> row.endsWith("maybe")).count();
    for (String policy : List.of("top", "coverage", "random")) {
      List<String> kept = kept("kept.txt", data, "keep=0.2", "balanced=true", "policy=" + policy);
      assertThat(kept).hasSize(60);
      assertThat(kept.stream().filter(i -> rows.get(Integer.parseInt(i)).endsWith("maybe")).count())
          .isBetween((long) (0.2 * maybe), (long) (0.2 * maybe) + 1);
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
