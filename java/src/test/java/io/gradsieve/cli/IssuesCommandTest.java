package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.TestSeed;
import io.gradsieve.scoring.LabelIssues;
import io.gradsieve.scoring.NoisyTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IssuesCommandTest {
  @TempDir Path directory;
  private NoisyTable table;

  @BeforeEach
  void makeTable() throws IOException {
    table = NoisyTable.write(directory.resolve("noisy.csv"), 300, TestSeed.of(20261130));
  }

  /** Splits at spaces and puts the directory for @. */
  private ProgramRun run(String line) {
    return ProgramRun.of(line.replace("@", directory.toString()).split(" "));
  }

  private String ofTable() {
    return "issues --threads 1 --data @/noisy.csv" + NoisyTable.OPTIONS;
  }

  @Test
  void theListIsOnStandardOutputAndTheRestOfTheDataInTheFile() throws IOException {
    ProgramRun run = run(ofTable() + " --out @/cleaned.csv");
    assertThat(run.exitCode()).describedAs(run.err()).isZero();
    List<String> lines = run.out().lines().toList();
    assertThat(lines.get(0))
        .matches(
            ".*noisy\\.csv: \\d+ of 300 labels suspected, each held out, in 5 folds; accuracy 0\\.\\d{4}");
    assertThat(lines.get(2)).matches("id +label +predicted +label_quality");
    List<String> named =
        lines.subList(3, lines.size() - 2).stream().map(line -> line.split(" ")[0]).toList();
    assertThat(named).hasSize(Integer.parseInt(lines.get(0).replaceAll(".*: (\\d+) of.*", "$1")));
    assertThat(lines.get(lines.size() - 1))
        .endsWith("cleaned.csv: %d of 300 samples kept".formatted(300 - named.size()));
    List<String> rest = new ArrayList<>(table.lines());
    rest.removeIf(line -> named.contains(line.substring(0, line.indexOf(','))));
    assertThat(Files.readAllLines(directory.resolve("cleaned.csv"))).isEqualTo(rest);
    assertThat(run.err().lines().filter(line -> line.startsWith("fold "))).hasSize(5);
  }

  @Test
  void jsonIsOneObjectWithAllOfThem() throws IOException {
    ProgramRun run = run(ofTable() + " --json --quiet");
    assertThat(run.exitCode()).describedAs(run.err()).isZero();
    assertThat(run.out().strip().lines()).hasSize(1);
    assertThat(run.err()).isEmpty();
    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.get("schema").asInt()).isEqualTo(1);
    assertThat(json.get("by").asText()).isEqualTo("held_out");
    assertThat(json.get("folds").asInt()).isEqualTo(5);
    assertThat(json.get("count").asInt()).isEqualTo(json.get("issues").size()).isPositive();
    assertThat(json.get("kept").asInt()).isEqualTo(300 - json.get("count").asInt());
    assertThat(json.get("out").isNull()).isTrue();
    JsonNode first = json.get("issues").get(0);
    assertThat(first.fieldNames())
        .toIterable()
        .containsExactly("id", "index", "label", "predicted", "label_quality");
    assertThat(first.get("id").asText()).isEqualTo("n" + first.get("index").asInt());
    ProgramRun again = run(ofTable() + " --json --quiet");
    assertThat(again.out()).isEqualTo(run.out());
  }

  @Test
  void aRunGivesDataNetworkAndSettings() throws IOException {
    ProgramRun trained =
        run(
            "train --threads 1 --quiet --epochs 3 --out @/run --data @/noisy.csv"
                + NoisyTable.OPTIONS);
    assertThat(trained.exitCode()).describedAs(trained.err()).isZero();
    for (String option : List.of("--model", "--weights")) {
      ProgramRun run =
          run("issues --threads 1 --folds 2 --json --out @/c.csv " + option + " @/run");
      assertThat(run.exitCode()).describedAs(run.err()).isZero();
      assertThat(new ObjectMapper().readTree(run.out()).get("data").asText())
          .isEqualTo(table.file().toString());
      assertThat(run.err()).contains("held out: trained again as " + directory.resolve("run"));
    }
    ProgramRun own = run("issues --threads 1 --folds 1 --json --model @/run");
    assertThat(own.exitCode()).describedAs(own.err()).isZero();
    assertThat(new ObjectMapper().readTree(own.out()).get("by").asText()).isEqualTo("run");
    Path weights = directory.resolve("run/model.safetensors");
    byte[] before = Files.readAllBytes(table.file());
    assertThat(run("issues --model @/run --out @/noisy.csv").exitCode()).isEqualTo(2);
    assertThat(table.file()).hasBinaryContent(before);
    assertThat(run("issues --threads 1 --weights " + weights).exitCode()).isEqualTo(2);
  }

  @Test
  void arraysGoIntoArraysAndIndicesIntoText() throws IOException {
    ProgramRun run = run("issues --threads 1 --folds 2 --json --out @/digits.npz");
    assertThat(run.exitCode()).describedAs(run.err()).isZero();
    int kept = new ObjectMapper().readTree(run.out()).get("kept").asInt();
    ProgramRun checked = run("doctor --data @/digits.npz");
    assertThat(checked.out()).contains("%,d".formatted(kept));
    assertThat(run("issues --threads 1 --folds 2 --out @/kept.txt").exitCode()).isZero();
    assertThat(Files.readAllLines(directory.resolve("kept.txt"))).hasSize(kept);
  }

  @Test
  void theDefaultNumberOfFoldsIsAtMostTheSmallestClass() throws IOException {
    List<String> lines = new ArrayList<>(table.lines());
    IntStream.range(0, 3).forEach(i -> lines.add("r%d,rare,x,9,9,9,9,9,9,9,%d".formatted(i, i)));
    Files.write(table.file(), lines);
    ProgramRun run = run(ofTable() + " --json");
    assertThat(run.exitCode()).describedAs(run.err()).isZero();
    assertThat(run.err()).contains("3 folds instead of 5: class 'rare' has no more samples");
    ProgramRun asked = run(ofTable() + " --folds 5");
    assertThat(asked.exitCode()).isEqualTo(2);
    Files.write(table.file(), lines.subList(0, lines.size() - 2));
    ProgramRun single = run(ofTable());
    assertThat(single.exitCode()).isEqualTo(3);
    assertThat(single.err()).contains("class 'rare' has one sample");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "issues --folds 0 | 2 | --folds 0",
        "issues --folds 1 | 2 | --folds 1",
        "issues --fold 3 | 2 | '--folds'",
        "issues --data @/noisy.csv --out @/noisy.csv | 2 | would write over",
        "issues --data @/noisy.csv --label kind --id name --ignore remark --out @/x.npz | 2 | .csv",
        "issues --data @/noisy.csv --out @/x.parquet | 2 | .csv",
        "issues --out @/x.csv | 2 | .npz",
        "issues --model mpl | 2 | 'mlp'",
        "issues --model mlp --weights @/noisy.csv | 2 | --weights",
        "issues --epochs 3 | 2 | '--epochs'",
        "issues extra | 2 | 'extra'",
        "issues --data @/none.csv | 3 | none.csv",
        "issues --model @/none | 3 | none",
        "issues --data @/noisy.csv --label colour | 2 | colour",
        "issues --data @/noisy.csv --out @/none/x.csv | 7 | none"
      })
  void whatIsWrongEndsInOneLineAndItsExitCode(String line, int exitCode, String named) {
    ProgramRun run = run(line);
    assertThat(run.exitCode()).describedAs(run.err()).isEqualTo(exitCode);
    assertThat(run.err().lines().filter(text -> text.startsWith("error: "))).hasSize(1);
    assertThat(run.err()).contains(named).doesNotContain("fold 1");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void aTerminalGetsTheFirstAndHowManyThereAreMore() {
    List<LabelIssues.Issue> issues =
        IntStream.range(0, 5)
            .mapToObj(i -> new LabelIssues.Issue("n" + i, i, "a", "b", 0.1f * i))
            .toList();
    LabelIssues.Found found =
        new LabelIssues.Found(
            "t.csv", LabelIssues.By.HELD_OUT, 1000, 5, 0.75, issues, Optional.empty());
    assertThat(IssuesCommand.text(found, 2).lines())
        .containsExactly(
            "t.csv: 5 of 1,000 labels suspected, each held out, in 5 folds; accuracy 0.7500",
            "",
            "id  label  predicted  label_quality",
            "n0  a      b          0.000",
            "n1  a      b          0.1000",
            "… and 3 more; a file, a pipe and --json get all");
    assertThat(IssuesCommand.text(found, 5)).doesNotContain("more;");
  }
}
