package io.gradsieve.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.run.TrainingRun;
import io.gradsieve.train.StopRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A table with wrong labels, the run on it, what score says of it and what prune keeps. */
class SampleScoresTest {
  private static final int ROWS = 1_500;
  private static final int CLASSES = 4;
  private static final int FEATURES = 6;
  private static final long SEED = 3;

  @TempDir Path directory;
  private final Set<Integer> wrong = new HashSet<>();
  private final List<String> lines = new ArrayList<>();
  private Path run;

  /** Classes are Gaussians around points that lie apart; a tenth of the labels is another class. */
  @BeforeEach
  void train() throws IOException {
    RandomBits draws = RandomBits.of(SEED, "table", 0);
    lines.add("f0,f1,f2,f3,f4,f5,label");
    for (int i = 0; i < ROWS; i++) {
      RandomBits row = draws.at(i);
      int label = row.below(0, CLASSES);
      StringBuilder line = new StringBuilder();
      for (int j = 0; j < FEATURES; j++) {
        double noise = row.uniform(10 + j) + row.uniform(20 + j) + row.uniform(30 + j) - 1.5;
        line.append((j % CLASSES == label ? 1 : 0) + noise).append(',');
      }
      if (row.uniform(1) < 0.1) {
        wrong.add(i);
        label = (label + 1 + row.below(2, CLASSES - 1)) % CLASSES;
      }
      lines.add(line + "c" + label);
    }
    run = directory.resolve("run");
    TrainingRun.of(
            TrainingConfig.of(
                "data=" + Files.write(directory.resolve("table.csv"), lines),
                "out=" + run,
                "epochs=30",
                "threads=1",
                "seed=" + SEED))
        .run();
  }

  private SampleScores.Summary score(String data, String... more) {
    List<String> options = new ArrayList<>(List.of("threads=1"));
    options.add("data=" + directory.resolve(data));
    options.add("out=" + directory.resolve("scores.csv"));
    options.addAll(List.of(more));
    return SampleScores.write(
            new SettingsReader("score", CommandOptions.SCORE_COMMAND).sets(options).resolve(),
            List.of(),
            new StopRequest(),
            line -> {},
            note -> {})
        .orElseThrow();
  }

  /** By id, quality and issue, as a scores file has them. */
  private static Map<String, String> verdicts(Path file) throws IOException {
    List<String> rows = Files.readAllLines(file);
    List<String> header = List.of(rows.get(0).split(",", -1));
    Map<String, String> verdicts = new HashMap<>();
    for (String row : rows.subList(1, rows.size())) {
      String[] cells = row.split(",", -1);
      verdicts.put(
          cells[0],
          cells[header.indexOf("label_quality")] + "," + cells[header.indexOf("label_issue")]);
    }
    return verdicts;
  }

  private long wrong(List<SampleScores.Entry> entries) {
    return entries.stream().filter(e -> wrong.contains(Integer.parseInt(e.id()))).count();
  }

  @Test
  void suspectsAreNamedApartFromWhatIsStillLearnedFrom() {
    SampleScores.Summary summary = score("table.csv", "model=" + run);
    SampleScores.Suspects suspects = summary.suspects();
    assertThat(suspects.judged()).isTrue();
    assertThat(suspects.count()).isBetween(wrong.size() / 2, 2 * wrong.size());
    assertThat(wrong(suspects.lowest())).isEqualTo(10);
    assertThat(suspects.lowest())
        .isSortedAccordingTo((a, b) -> Float.compare(a.value(), b.value()));
    Set<String> named =
        suspects.lowest().stream().map(SampleScores.Entry::id).collect(Collectors.toSet());
    for (SampleScores.Highest ranking : summary.rankings()) {
      assertThat(ranking.entries()).hasSize(10).noneMatch(e -> named.contains(e.id()));
      // Two and three; of all samples the ten highest are mostly wrong.
      assertThat(wrong(ranking.entries())).isLessThan(6);
    }
  }

  @Test
  void aRunsVerdictsAreThoseOfItsOwnScores() throws IOException {
    Map<String, String> trained = verdicts(run.resolve("scores.csv"));
    score("table.csv", "model=" + run);
    Map<String, String> scored = verdicts(directory.resolve("scores.csv"));
    assertThat(scored).hasSize(ROWS).containsAllEntriesOf(trained);
    // A tenth was held out to validate on: nothing was recorded of it.
    assertThat(scored.values().stream().filter(","::equals).count())
        .isEqualTo(ROWS - trained.size());
  }

  @Test
  void aSampleThatIsNotTheRunsHasNoVerdict() throws IOException {
    List<String> changed = new ArrayList<>(lines);
    // Another label, other inputs, and rows in another order, which are the same samples.
    changed.set(1, lines.get(1).replaceAll("c.$", "c" + (lines.get(1).endsWith("c0") ? 1 : 0)));
    changed.set(2, "9" + lines.get(2).replaceFirst("^-", ""));
    String third = changed.set(3, lines.get(4));
    changed.set(4, third);
    Files.write(directory.resolve("changed.csv"), changed);
    score("changed.csv", "model=" + run);
    Map<String, String> scored = verdicts(directory.resolve("scores.csv"));
    score("table.csv", "model=" + run);
    Map<String, String> before = verdicts(directory.resolve("scores.csv"));
    assertThat(scored.get("0")).isEqualTo(",");
    assertThat(scored.get("1")).isEqualTo(",");
    assertThat(scored.get("2")).isEqualTo(before.get("3"));
    assertThat(scored.get("3")).isEqualTo(before.get("2"));
    assertThat(scored.get("9")).isEqualTo(before.get("9"));
  }

  @Test
  void weightsWithoutARunSuspectWhatTheyContradict() throws IOException {
    Path alone = Files.createDirectory(directory.resolve("alone"));
    for (String file : List.of("model.yaml", "model.safetensors")) {
      Files.copy(run.resolve(file), alone.resolve(file));
    }
    SampleScores.Suspects suspects = score("table.csv", "model=" + alone).suspects();
    assertThat(suspects.judged()).isFalse();
    assertThat(wrong(suspects.lowest())).isGreaterThanOrEqualTo(9);
    assertThat(suspects.lowest())
        .allMatch(e -> e.value() < 0.1 && !e.label().equals(e.predicted()));
    assertThat(verdicts(directory.resolve("scores.csv"))).containsEntry("9", ",");
  }

  @Test
  void halfOfATableWithWrongLabelsHoldsFewOfThemByDefault() throws IOException {
    score("table.csv", "model=" + run);
    assertThat(wrongKept("trusted")).isLessThan(0.05);
    assertThat(wrongKept("random")).isBetween(0.07, 0.13);
    assertThat(wrongKept("top")).isGreaterThan(0.15);
  }

  private double wrongKept(String policy) throws IOException {
    Path out = directory.resolve("kept.txt");
    Pruning.write(
        new SettingsReader("prune", CommandOptions.PRUNE)
            .sets(
                List.of(
                    "scores=" + directory.resolve("scores.csv"),
                    "keep=0.5",
                    "policy=" + policy,
                    "out=" + out))
            .resolve(),
        note -> {});
    List<String> kept = Files.readAllLines(out);
    return kept.stream().filter(i -> wrong.contains(Integer.parseInt(i))).count()
        / (double) kept.size();
  }
}
