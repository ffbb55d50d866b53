package io.gradsieve.cli;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.config.Option;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProgramTest {
  @TempDir Path directory;
  private String out = "";
  private String err = "";

  private int run(String... arguments) {
    ProgramRun run = ProgramRun.of(arguments);
    out = run.out();
    err = run.err();
    return run.exitCode();
  }

  /** Splits at spaces and puts the directory for @. */
  private int runLine(String line) {
    return run(line.replace("@", directory.toString()).split(" "));
  }

  private JsonNode json() throws IOException {
    assertThat(out.strip().lines()).hasSize(1);
    return new ObjectMapper().readTree(out);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "trian | 'train'",
        "train --epoch 3 | '--epochs'",
        "train --epochs | --epochs",
        "train --epochs --lr 1 | --epochs needs a value before '--lr'",
        "train --config | --config needs a value",
        "train --config= | --config needs a file",
        "train --set --lr 1 | --set needs a value before '--lr'",
        "train --lr --epoch 3 | --lr",
        "train --epochs 0 | --epochs 0",
        "train --epochs -3 | --epochs -3",
        "train --lr nan | --lr nan",
        "train --threads 257 | --threads 257",
        "train --set epoch=3 | 'epochs'",
        "train --set epochs=x | epochs",
        "train --config @/none.yaml | none.yaml",
        "train --sieve varianc | 'variance'",
        "train --sieve variance:kep=0.5 | 'keep'",
        "train --sieve variance:keep=0 | keep",
        "train --sieve order:pool=0.5 | keep",
        "train --score forgetting:average=0.5 | --score forgetting",
        "train --score grad_norm:average=1 | average",
        "train --norms off | --norms off",
        "train --model mpl | 'mlp'",
        "train --data digit | 'digits'",
        "train --nesterov --optimizer lamb | nesterov",
        "train --batch-size auto --sieve hard | --batch-size auto",
        "train --batch-size auto --norms off --score loss | --batch-size auto",
        "train --batch-size automatic | --batch-size automatic",
        "train --batch-size 100000 | --batch-size 100000",
        "train --device gpu | --device gpu",
        "train --device cuda:x | --device cuda:x",
        "train --precision bf16 | --precision bf16",
        "train --precision fp16 | 'fp32'",
        "train --early-stopping 3 | '--early-stopping'",
        "train --time-budget 1m | '--time-budget'",
        "train --micro-batch 0 | --micro-batch 0",
        "train --ui | '--ui'",
        "train --nesterov --optimizer adamw | nesterov",
        "train --nesterov=false | --nesterov",
        "train --resume | --out",
        "train --resume --overwrite --out @/x | --resume and --overwrite",
        "train extra | 'extra'",
        "train @file | file",
        "train --augment flip --data @/t.csv | --augment",
        "score --runs 3 --folds 3 | --runs and --folds",
        "score --runs 0 | --runs 0",
        "score --folds 1 | --folds 1",
        "score --folds 3 --model @ | --model",
        "score --model nothing | 'nothing'",
        "score | --model",
        "score --model @/m.yaml --weights @/w --score norm | --score 'norm'",
        "score --score random --model @ | score",
        "score --out @/x.parquet --model @ | .csv",
        "prune | --scores",
        "prune --scores @/s.csv --keep 0.5 --out @/k.parquet | .txt",
        "prune --scores @/s.csv --keep 1.5 --out @/k.txt | --keep 1.5",
        "prune --policy coverage | --scores",
        "prune --by forgotten | 'forgetting'",
        "prune --filter x --scores y --keep 0.5 --out @/k.txt | --scores and --filter",
        "prune --filter x --by loss --keep 0.5 --out @/k.txt | --by and --filter",
        "export --format onnx | --format onnx",
        "export | --out",
        "completion | which shell",
        "completion tcsh | 'tcsh'",
        "report x | unknown command 'report'",
        "report x | unknown command 'report'",
        "launch x | the command to start comes behind --",
        "launch --interface eth0 -- train | --interface is an option of train: put it behind --",
        "landscape | which run",
        "landscape x --gird 5 | '--grid'",
        "landscape x --grid 2 | --grid 2",
        "landscape @ @/ | named twice",
        "doctor --dat x | '--data'"
      })
  void wrongUsageIsExitTwoInOneLineThatNamesWhatIsWrong(String line, String named)
      throws IOException {
    Files.writeString(directory.resolve("t.csv"), "a,label\n1,x\n2,y\n");
    assertThat(runLine(line)).describedAs(err).isEqualTo(2);
    assertThat(err.lines()).hasSize(1);
    assertThat(err).startsWith("error: ").contains(named);
    assertThat(out).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train --data @/none.csv | none.csv",
        "train --data @/empty.csv | empty.csv",
        "train --data @/one.csv | one.csv",
        "train --data @/nan.csv | row",
        "train --data @/ragged.csv | row",
        "train --model @/none.yaml | none.yaml",
        "train --model @/typo.yaml | 'conv2d'",
        "train --model @/wide.yaml | digits",
        "train --weights @/none.safetensors | none.safetensors",
        "train --weights @/huge.safetensors | huge.safetensors",
        "train --resume --out @/nothing | nothing",
        "score --model @ | model.yaml",
        "eval --model @/none | none",
        "landscape none | none: does not exist",
        "landscape @ | model.yaml",
        "prune --scores @/none.csv --keep 0.5 --out @/k.txt | none.csv",
        "prune --scores @/nan.csv --keep 0.5 --out @/k.txt | 'index'",
        "prune --filter @/none --keep 0.5 --out @/k.txt | none: no such file",
        "prune --filter @/huge.safetensors --keep 0.5 --out @/k.txt | huge.safetensors",
        "doctor --data @/none.csv | none.csv"
      })
  void badDataIsExitThreeInOneLine(String line, String named) throws IOException {
    Files.writeString(directory.resolve("empty.csv"), "");
    Files.writeString(directory.resolve("one.csv"), "a,label\n1,x\n2,x\n");
    Files.writeString(directory.resolve("nan.csv"), "a,label\n1,x\nnan,y\n");
    Files.writeString(directory.resolve("ragged.csv"), "a,label\n1,x\n2\n");
    Files.writeString(
        directory.resolve("typo.yaml"),
        "input: [1, 8, 8]\nlayers:\n  - conv2: {channels: 3, kernel: 3}\n");
    Files.writeString(
        directory.resolve("wide.yaml"), "input: [7]\nlayers:\n  - linear: {features: 10}\n");
    Files.write(
        directory.resolve("huge.safetensors"), new byte[] {0, 0, 0, 0, 0, 0, 0, 0x40, '{', '}'});
    assertThat(runLine(line)).describedAs(err).isEqualTo(3);
    assertThat(err.lines().filter(l -> l.startsWith("error: "))).hasSize(1);
    assertThat(err).contains(named);
    assertThat(out).isEmpty();
  }

  @Test
  void outputThatCannotBeWrittenIsExitSeven() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "mine");
    assertThat(run("train", "--out", file.toString())).isEqualTo(7);
    assertThat(run("train", "--out", file + "/below")).isEqualTo(7);
    assertThat(run("init", "--out", directory + "/no/such/place.yaml")).isEqualTo(7);
    assertThat(run("doctor", "--unpack", file.toString())).isEqualTo(7);
    assertThat(file).hasContent("mine");
  }

  @Test
  void theLastOfAnOptionGivenTwiceCounts() throws IOException {
    assertThat(run("train", "--epochs", "1", "--epochs", "2", "--dry-run", "--json")).isZero();
    assertThat(json().get("options").get("epochs").get("value").asInt()).isEqualTo(2);
  }

  @Test
  void aFailureIsOneObjectToo() throws IOException {
    assertThat(run("train", "--json", "--lr", "0")).isEqualTo(2);
    assertThat(json().get("schema").asInt()).isEqualTo(1);
    assertThat(json().get("exit").asInt()).isEqualTo(2);
    assertThat(json().get("error").asText()).contains("--lr 0");
    assertThat(run("tain", "--json")).isEqualTo(2);
    assertThat(json().get("error").asText()).contains("train");
  }

  @Test
  void stacktraceAddsTheTrace() {
    assertThat(run("train", "--stacktrace", "--data", directory + "/none.csv")).isEqualTo(3);
    assertThat(err.lines().count()).isGreaterThan(3);
    assertThat(err).contains("at io.gradsieve");
  }

  @Test
  void everyCommandHasHelpWithAnExampleAndAllItsOptions() {
    assertThat(run("--help")).isZero();
    for (Command command : CommandTable.COMMANDS) {
      assertThat(out.replaceAll("\\s+", " ")).contains(command.name() + " " + command.summary());
    }
    for (Command command : CommandTable.COMMANDS) {
      assertThat(run(command.name(), "--help-all")).isZero();
      assertThat(out).contains("Example:").contains("java -jar engine.jar " + command.name());
      for (Option<?> option : command.options()) {
        assertThat(out).containsPattern("(?m)^ *" + option.dashed() + "( |$)");
      }
      assertThat(out.lines()).noneMatch(line -> line.contains("%%"));
      assertThat(err).isEmpty();
    }
  }

  @Test
  void theConfigurationOfInitTrainsAsItIs() throws IOException {
    Path config = directory.resolve("train.yaml");
    assertThat(run("init", "--out", config.toString())).isZero();
    assertThat(run("init", "--out", config.toString())).isEqualTo(2);
    assertThat(run("init")).isZero();
    assertThat(Files.readString(config)).isEqualTo(out);
    assertThat(run("train", "--config", config.toString(), "--dry-run", "--json")).isZero();
    JsonNode options = json().get("options");
    assertThat(options.get("epochs").get("origin").asText()).isEqualTo("default of digits");
    assertThat(options.get("momentum").get("origin").asText()).contains("train.yaml, line ");
  }

  @Test
  void trainingPrintsTheResultOnStandardOutputAndProgressOnStandardError() throws IOException {
    String to = directory.resolve("run").toString();
    assertThat(run("train", "--epochs", "3", "--threads", "1", "--out", to)).isZero();
    List<String> lines = err.lines().toList();
    assertThat(lines).hasSize(6);
    assertThat(lines.subList(3, 6))
        .allMatch(
            line ->
                line.matches(
                    "epoch \\d/3  loss \\d\\.\\d{3}  accuracy \\d\\.\\d{3}  kept \\d+ %  [\\d,]+/s"
                        + "  left (\\d+m)?\\d+s  ends \\d\\d:\\d\\d"));
    assertThat(out).contains("test accuracy").contains("skipped").contains(to);
    assertThat(run("train", "--epochs", "2", "--threads", "1", "--out", to)).isEqualTo(2);
  }

  @Test
  void quietKeepsTheResultAndJsonIsOneObject() throws IOException {
    String to = directory.resolve("run").toString();
    assertThat(run("train", "--epochs", "2", "--quiet", "--json", "--out", to)).isZero();
    assertThat(err).isEmpty();
    assertThat(json().get("test_accuracy").isNumber()).isTrue();
    assertThat(json().get("exit").asInt()).isZero();
  }

  @Test
  void aRunIsScoredPrunedEvaluatedPredictedAndExported() throws IOException {
    String csv = "age,city,name,kind\n".concat(rows());
    Path data = Files.writeString(directory.resolve("people.csv"), csv);
    String run = directory.resolve("run").toString();
    String scores = directory.resolve("scores.csv").toString();
    assertThat(
            run(
                "train",
                "--data",
                data.toString(),
                "--label",
                "kind",
                "--id",
                "name",
                "--epochs",
                "30",
                "--threads",
                "1",
                "--quiet",
                "--out",
                run))
        .isZero();
    assertThat(out).startsWith("no test part, so no test accuracy; validation accuracy ");
    assertThat(run("score", "--model", run, "--out", scores, "--threads", "1")).isZero();
    assertThat(Files.readAllLines(Path.of(scores)))
        .hasSize(41)
        .first()
        .isEqualTo(
            "id,index,label,predicted,confidence,loss,el2n,grad_norm,margin,forgetting,"
                + "label_quality,label_issue,split,content");
    assertThat(run("score", "--model", run, "--score", "loss", "--out", scores)).isZero();
    assertThat(Files.readAllLines(Path.of(scores)).get(0))
        .isEqualTo(
            "id,index,label,predicted,confidence,loss,forgetting,label_quality,label_issue,split,content");
    assertThat(run("eval", "--model", run, "--json")).isZero();
    assertThat(json().get("split").asText()).isEqualTo("validation");
    assertThat(json().get("confusion")).hasSize(2);
    assertThat(json().get("accuracy").asDouble()).isGreaterThan(0.9);
    Path young = Files.writeString(directory.resolve("young.csv"), onlyYoung(csv));
    assertThat(run("eval", "--model", run, "--data", young.toString(), "--json")).isZero();
    assertThat(json().get("classes").get(0).get("class").asText()).isEqualTo("old");
    assertThat(json().get("classes").get(0).get("accuracy").isNull()).isTrue();
    Path kept = directory.resolve("kept.csv");
    String prune = "prune --scores @/scores.csv --by loss --keep 0.3 --balanced --id name";
    assertThat(runLine(prune + " --data @/people.csv --out @/kept.csv")).isZero();
    assertThat(Files.readAllLines(kept)).hasSize(13).first().isEqualTo("age,city,name,kind");
    Path unlabelled = directory.resolve("new.csv");
    Files.writeString(unlabelled, "name,city,age\nzed,north,20\nann,south,70\n");
    Path predictions = directory.resolve("p.csv");
    assertThat(
            run(
                "predict",
                "--model",
                run,
                "--data",
                unlabelled.toString(),
                "--out",
                predictions.toString()))
        .isZero();
    assertThat(Files.readAllLines(predictions)).hasSize(3);
    assertThat(Files.readAllLines(predictions).get(1)).startsWith("zed,0,young,");
    assertThat(Files.readAllLines(predictions).get(2)).startsWith("ann,1,old,");
    Path exported = directory.resolve("m.safetensors");
    assertThat(
            run("export", "--model", run, "--format", "safetensors", "--out", exported.toString()))
        .isZero();
    assertThat(exported).hasSameBinaryContentAs(Path.of(run, "model.safetensors"));
  }

  private static String onlyYoung(String csv) {
    return csv.lines().filter(line -> !line.endsWith(",old")).collect(joining("\n"));
  }

  private static String rows() {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      int age = 15 + i * 2;
      rows.append(
          "%d,%s,p%d,%s\n"
              .formatted(age, i % 2 == 0 ? "north" : "south", i, age < 50 ? "young" : "old"));
    }
    return rows.toString();
  }

  @Test
  void aClosedStandardOutputIsToldApartFromSuccess() {
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    PrintStream full =
        new PrintStream(
            new java.io.OutputStream() {
              @Override
              public void write(int b) throws IOException {
                throw new IOException("No space left on device");
              }
            },
            true,
            StandardCharsets.UTF_8);
    PrintStream errors = new PrintStream(errBytes, true, StandardCharsets.UTF_8);
    assertThat(new Program(full, errors, Map.of(), false).run("init")).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(strings = {"bash", "zsh", "fish"})
  void completionKnowsEveryCommandAndOption(String shell) {
    assertThat(run("completion", shell)).isZero();
    for (Command command : CommandTable.COMMANDS) {
      assertThat(out).contains(command.name());
      for (Option<?> option : command.options()) {
        assertThat(out).contains(shell.equals("fish") ? "-l " + option.name() : option.dashed());
      }
    }
  }

  @Test
  void theDoctorKnowsTheMachineAndTheDigits() throws IOException {
    assertThat(run("doctor", "--data", "digits", "--json")).isZero();
    assertThat(json().get("java").asText()).isNotEmpty();
    assertThat(json().get("data").get("train").asInt()).isEqualTo(1438);
    assertThat(json().get("data").get("duplicates").has("exact")).isTrue();
    assertThat(run("doctor", "--unpack", directory.resolve("natives").toString())).isZero();
    assertThat(directory.resolve("natives")).isNotEmptyDirectory();
  }
}
