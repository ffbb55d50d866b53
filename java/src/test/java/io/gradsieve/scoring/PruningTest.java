package io.gradsieve.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.Options;
import io.gradsieve.config.PruningPolicyName;
import io.gradsieve.config.SettingsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PruningTest {
  @TempDir Path directory;

  private final List<String> notes = new ArrayList<>();

  /** Prunes a file of these rows, whose index is their place, and returns the kept. */
  private List<Integer> kept(List<String> rows, String... options) throws IOException {
    return kept("label,loss,forgetting,label_quality", rows, options);
  }

  private List<Integer> kept(String columns, List<String> rows, String... options)
      throws IOException {
    prune(columns, rows, options);
    return Files.readAllLines(directory.resolve("kept.txt")).stream()
        .map(Integer::valueOf)
        .toList();
  }

  private Pruning.Summary prune(String columns, List<String> rows, String... options)
      throws IOException {
    StringBuilder text = new StringBuilder("index," + columns + "\n");
    for (int i = 0; i < rows.size(); i++) {
      text.append(i).append(',').append(rows.get(i)).append('\n');
    }
    Path scores = Files.writeString(directory.resolve("scores.csv"), text);
    Path out = directory.resolve("kept.txt");
    List<String> assignments = new ArrayList<>(Arrays.asList(options));
    assignments.add("scores=" + scores);
    assignments.add("out=" + out);
    return Pruning.write(
        new SettingsReader("prune", CommandOptions.PRUNE).sets(assignments).resolve(), notes::add);
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
  void whereTheColumnToRankByIsMissingThoseThatAreThereAreNamed() {
    for (String policy : List.of("trusted", "top")) {
      assertThatThrownBy(() -> kept(losses(10), "policy=" + policy, "keep=0.5"))
          .isInstanceOf(GradsieveException.BadData.class)
          .hasMessageContaining(policy.equals("top") ? "no column 'grad_norm'" : "no column 'el2n'")
          .hasMessageContaining("give --by loss or forgetting or label_quality");
    }
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
    assertThat(kept(rows, "policy=top", "by=label_quality", "keep=0.1"))
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
    assertThat(kept(rows, "policy=top", "by=forgetting", "keep=0.5")).containsExactly(1, 3);
    assertThatThrownBy(() -> kept(List.of("a,0,1,1", "a,0,,1"), "by=forgetting", "keep=0.5"))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("row 1")
        .hasMessageContaining("'forgetting'");
  }

  private static final String JUDGED = "label,predicted,el2n,label_quality,label_issue";

  /**
   * 100 samples whose errors are their places: every fourth is suspected, of these every second
   * still predicted otherwise; qualities rise with the place.
   */
  private static List<String> judged() {
    return IntStream.range(0, 100)
        .mapToObj(
            i ->
                "a,%s,%d,%s,%d".formatted(i % 8 == 0 ? "b" : "a", i, i / 100.0, i % 4 == 0 ? 1 : 0))
        .toList();
  }

  @Test
  void byDefaultStillSuspectedLabelsAndTheHardestAreLeftOut() throws IOException {
    Pruning.Summary summary = prune(JUDGED, judged(), "keep=0.5");
    // Predicted otherwise: 0, 8, …, 96, 13 of them; the hardest twentieth has none of the others.
    // Those the network has learned, so that they were hard, not wrong.
    assertThat(summary.aside()).hasValue(13);
    assertThat(notes).isEmpty();
    List<Integer> kept = kept(JUDGED, judged(), "keep=0.5");
    assertThat(kept).hasSize(50).noneMatch(i -> i % 8 == 0);
    // The five hardest of the others.
    assertThat(kept).doesNotContain(99, 98, 97, 95, 94);
    assertThat(kept).anyMatch(i -> i % 8 == 4);
    assertThat(kept(JUDGED, judged(), "keep=0.5")).isEqualTo(kept);
    assertThat(kept(JUDGED, judged(), "keep=0.5", "seed=2")).isNotEqualTo(kept);
  }

  @Test
  void whatIsMissingIsFilledUpBySuspectsOfTheHighestQuality() throws IOException {
    // 87 are not suspected, so 3 suspects are needed: the qualities rise with the place.
    assertThat(kept(JUDGED, judged(), "keep=0.9"))
        .hasSize(90)
        .contains(96, 88, 80)
        .doesNotContain(0, 8, 16, 24, 32, 40, 48, 56, 64, 72);
    assertThat(kept(JUDGED, judged(), "keep=1")).hasSize(100);
  }

  @Test
  void withoutVerdictsNothingIsSetAsideAndOneLineSaysSo() throws IOException {
    List<String> bare = judged().stream().map(row -> row.replaceAll(",[01]$", ",")).toList();
    for (int i = 0; i < 2; i++) {
      notes.clear();
      Pruning.Summary summary =
          i == 0
              ? prune(JUDGED, bare, "keep=0.5")
              : prune(
                  "label,el2n",
                  IntStream.range(0, 100).mapToObj(row -> "a," + row).toList(),
                  "keep=0.5");
      assertThat(summary.aside()).isEmpty();
      assertThat(summary.kept()).isEqualTo(50);
      assertThat(notes).singleElement().asString().contains("scores.csv", "label_issue", "none");
    }
    // A fifth of what is left out is the hardest, and nothing else goes for what it is.
    for (double keep : new double[] {0.5, 0.9}) {
      int cut = (int) Math.round(0.2 * (1 - keep) * 100);
      assertThat(kept(JUDGED, bare, "keep=" + keep)).allMatch(i -> i < 100 - cut);
      assertThat(kept(JUDGED, bare, "keep=" + keep, "seed=3")).anyMatch(i -> i >= 100 - 3 * cut);
    }
  }

  @Test
  void balancedSetsSuspectsOfEveryClassAside() throws IOException {
    // Half of a is suspected, nothing of b; each keeps three quarters.
    List<String> rows =
        IntStream.range(0, 80)
            .mapToObj(
                i ->
                    i < 40
                        ? "a,%s,1,%s,%d".formatted(i < 20 ? "b" : "a", i / 40.0, i < 20 ? 1 : 0)
                        : "b,b,1,0.5,0")
            .toList();
    List<Integer> kept = kept(JUDGED, rows, "keep=0.75", "balanced=true");
    assertThat(kept).hasSize(60);
    assertThat(kept.stream().filter(i -> i < 40).toList())
        .isEqualTo(IntStream.range(10, 40).boxed().toList());
    assertThat(prune(JUDGED, rows, "keep=0.75", "balanced=true").aside()).hasValue(10);
    assertThat(prune(JUDGED, rows, "keep=0.75").aside()).hasValue(20);
  }

  @Test
  void aVerdictThatIsNoneIsNamed() {
    assertThatThrownBy(() -> kept(JUDGED, List.of("a,a,1,0.5,2", "a,a,1,0.5,0"), "keep=0.5"))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("'label_issue'")
        .hasMessageContaining("'2'");
  }

  @Test
  void otherPoliciesLookAtNoVerdict() throws IOException {
    assertThat(kept(JUDGED, judged(), "policy=top", "by=el2n", "keep=0.1"))
        .isEqualTo(IntStream.range(90, 100).boxed().toList());
    for (String policy : List.of("top", "coverage")) {
      assertThat(prune(JUDGED, judged(), "policy=" + policy, "by=el2n", "keep=0.5").aside())
          .isEmpty();
    }
    assertThat(prune(JUDGED, judged(), "policy=random", "keep=0.5").aside()).isEmpty();
    assertThat(notes).isEmpty();
  }

  @Test
  void everyPolicyHasItsOption() {
    assertThat(PruningPolicyName.values()).hasSameSizeAs(PruningPolicy.values());
    for (PruningPolicy policy : PruningPolicy.values()) {
      String key = policy.name().toLowerCase(Locale.ROOT);
      PruningPolicyName name =
          new SettingsReader("prune", CommandOptions.PRUNE)
              .sets(List.of("policy=" + key))
              .resolve()
              .get(Options.POLICY);
      assertThat(PruningPolicy.of(name)).isEqualTo(policy);
    }
  }

  @Test
  void aSuspectIsContradictedOnlyIfAnotherClassIsClearlyMoreProbable() throws IOException {
    String columns = "label,predicted,margin,el2n,label_quality,label_issue";
    // Predicted otherwise all ten suspects, five of them clearly; all are easy.
    List<String> rows =
        IntStream.range(0, 200)
            .mapToObj(
                i ->
                    "a,%s,%s,%d,0.1,%d"
                        .formatted(
                            i < 10 ? "b" : "a",
                            i < 5 ? 1.4 : i < 10 ? 1.2 : 0.1,
                            i,
                            i < 10 ? 1 : 0))
            .toList();
    assertThat(prune(columns, rows, "keep=0.5").aside()).hasValue(5);
    assertThat(kept(columns, rows, "keep=0.5")).doesNotContain(0, 1, 2, 3, 4);
    // Everything by heart: what is suspected and among the hardest twentieth is set aside.
    List<String> known =
        IntStream.range(0, 200)
            .mapToObj(i -> "a,a,0.1,%d,0.1,%d".formatted(i, i % 20 == 19 ? 1 : 0))
            .toList();
    assertThat(prune(columns, known, "keep=0.5").aside()).hasValue(1);
    assertThat(kept(columns, known, "keep=0.5")).doesNotContain(199);
  }

  @Test
  void whatIsRankedByIsThePolicysOwnUnlessNamed() throws IOException {
    String columns = "label,grad_norm,el2n,loss";
    List<String> rows =
        IntStream.range(0, 100)
            .mapToObj(i -> "a,%d,%d,%d".formatted(i, 99 - i, (i + 50) % 100))
            .toList();
    assertThat(kept(columns, rows, "policy=top", "keep=0.1")).contains(99);
    assertThat(kept(columns, rows, "policy=coverage", "keep=0.95")).doesNotContain(99).contains(0);
    assertThat(kept(columns, rows, "keep=0.95")).doesNotContain(0).contains(99);
    assertThat(kept(columns, rows, "by=loss", "keep=0.95")).doesNotContain(49).contains(0, 99);
  }
}
