package io.gradsieve.train.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.train.option.CommandOptions;
import io.gradsieve.train.option.SettingsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PruningTest {
  @TempDir Path directory;

  /** Prunes a file of these rows, whose index is their place, and returns the kept. */
  private List<Integer> kept(List<String> rows, String... options) throws IOException {
    StringBuilder text = new StringBuilder("index,label,loss,forgetting,label_quality\n");
    for (int i = 0; i < rows.size(); i++) {
      text.append(i).append(',').append(rows.get(i)).append('\n');
    }
    Path scores = Files.writeString(directory.resolve("scores.csv"), text);
    Path out = directory.resolve("kept.txt");
    List<String> assignments = new ArrayList<>(Arrays.asList(options));
    assignments.add("scores=" + scores);
    assignments.add("out=" + out);
    Pruning.write(
        new SettingsReader("prune", CommandOptions.PRUNE).sets(assignments).resolve(), note -> {});
    return Files.readAllLines(out).stream().map(Integer::valueOf).toList();
  }

  private static List<String> losses(int count) {
    return IntStream.range(0, count).mapToObj(i -> "a," + i + ",0,0.5").toList();
  }

  @Test
  void coverageDropsTheHardestAndKeepsTheSameFromEveryStratum() throws IOException {
    // 1000 losses 0 to 999: the 50 largest are dropped, each of 50 strata gives 4 of its 19.
    List<Integer> kept = kept(losses(1000), "policy=coverage", "by=loss", "keep=0.2");
    int[] taken = new int[50];
    kept.forEach(i -> taken[(int) (i / (949.0 / 50))]++);
    assertThat(kept).hasSize(200).allMatch(i -> i < 950);
    assertThat(taken).containsOnly(4);
  }

  @Test
  void coverageIsDrawnFromTheSeed() throws IOException {
    String[] options = {"policy=coverage", "by=loss", "keep=0.2", "seed=1"};
    List<Integer> first = kept(losses(1000), options);
    assertThat(kept(losses(1000), options)).isEqualTo(first);
    options[3] = "seed=2";
    assertThat(kept(losses(1000), options)).hasSize(200).isNotEqualTo(first);
  }

  @Test
  void coverageDropsNoMoreThanItCanSpare() throws IOException {
    assertThat(kept(losses(100), "policy=coverage", "by=loss", "keep=0.98"))
        .isEqualTo(IntStream.range(0, 98).boxed().toList());
  }

  @Test
  void ofLabelQualityTheLowestAreTheHardest() throws IOException {
    List<String> rows = IntStream.range(0, 100).mapToObj(i -> "a,0,0," + i / 100.0).toList();
    assertThat(kept(rows, "policy=coverage", "by=label_quality", "keep=0.95"))
        .isEqualTo(IntStream.range(5, 100).boxed().toList());
    assertThat(kept(rows, "by=label_quality", "keep=0.1"))
        .isEqualTo(IntStream.range(90, 100).boxed().toList());
  }

  @Test
  void balancedCoverageTakesItsShareOfEveryClassAndItsHardest() throws IOException {
    // Class b has larger losses than any of a: unbalanced, only b would lose its hardest.
    List<String> rows =
        IntStream.range(0, 120)
            .mapToObj(i -> (i < 100 ? "a," + i : "b," + (1000 + i)) + ",0,0.5")
            .toList();
    List<Integer> kept = kept(rows, "policy=coverage", "by=loss", "keep=0.25", "balanced=true");
    assertThat(kept.stream().filter(i -> i < 100)).hasSize(25).allMatch(i -> i < 95);
    assertThat(kept.stream().filter(i -> i >= 100)).hasSize(5).allMatch(i -> i < 119);
  }

  @Test
  void whatComputesIsRefusedWithAScoresFile() {
    for (String option : List.of("device=cpu", "threads=1")) {
      assertThatThrownBy(() -> kept(losses(10), "by=loss", "keep=0.5", option))
          .isInstanceOf(GradsieveException.Usage.class)
          .hasMessageStartingWith("--" + option.split("=")[0])
          .hasMessageContaining("--filter");
    }
  }

  @Test
  void theMostForgottenAreKeptAndAMissingCountIsNamed() throws IOException {
    List<String> rows = List.of("a,0,0,1", "a,0,3,1", "b,0,1,1", "b,0,2,1");
    assertThat(kept(rows, "by=forgetting", "keep=0.5")).containsExactly(1, 3);
    assertThatThrownBy(() -> kept(List.of("a,0,1,1", "a,0,,1"), "by=forgetting", "keep=0.5"))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("row 1")
        .hasMessageContaining("'forgetting'");
  }
}
