package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What people type who know other programs: a message that leads on, or none that leads astray. */
class WrongInputsTest {
  @TempDir Path directory;

  private ProgramRun runLine(String line) {
    return ProgramRun.of(line.replace("@", directory.toString()).split(" "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train --gpu | did you mean '--device'?",
        "train --cuda | did you mean '--device'?",
        "train --learning-rate 0.1 | did you mean '--lr'?",
        "train --learning_rate 0.1 | did you mean '--lr'?",
        "train --num-epochs 3 | did you mean '--epochs'?",
        "train -epochs 3 | did you mean '--epochs'?",
        "train -e 3 | did you mean '--epochs'?",
        "train --batch 32 | did you mean '--batch-size'?",
        "train --batchsize 32 | did you mean '--batch-size'?",
        "train --workers 2 | did you mean '--threads'?",
        "train -j 2 | did you mean '--threads'?",
        "train --output x | did you mean '--out'?",
        "train --dataset x | did you mean '--data'?",
        "train --random-state 1 | did you mean '--seed'?",
        "train --hlep | did you mean '--help'?",
        "train --cofnig x | did you mean '--config'?",
        "prune --fraction 0.5 | did you mean '--keep'?",
        "eval --gpu | did you mean '--device'?",
        "train --set learning-rate=1 | did you mean 'lr'?",
        "train --set gpu=true | did you mean 'device'?",
        "train --set quiet=no | did you mean 'false'?",
        "train --set json=1 | did you mean 'true'?",
        "train --set norms=false | did you mean 'off'?",
        "train --quiet no | --quiet takes no value; leave out 'no'",
        "train --schedule Cosine | did you mean 'cosine'?",
        "--epochs 3 | the command is first",
        "-x | the command is first",
        "trian | did you mean 'train'?",
        "help trian | did you mean 'train'?"
      })
  void aMessageNamesWhatWasMeant(String line, String named) {
    ProgramRun run = runLine(line);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).contains(named);
    assertThat(run.out()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train --xyzzy | train --help-all shows those it has",
        "train --ui | train --help-all shows those it has",
        "export --gpu | export --help-all shows those it has",
        "train --set zz=1 | train --help-all shows those it has",
        "xyzzy | One of train, score",
        "train --optimizer zebra | must be one of sgd|adamw|lars|lamb"
      })
  void whatIsNearToNothingIsGivenNoNameThatLeadsAstray(String line, String named) {
    ProgramRun run = runLine(line);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).contains(named).doesNotContain("did you mean");
  }

  @ParameterizedTest
  @CsvSource({
    "quiet: no,false",
    "quiet: No,false",
    "quiet: off,false",
    "quiet: False,false",
    "quiet: 0,false",
    "quiet: yes,true",
    "quiet: True,true",
    "quiet: on,true",
    "json: 1,true",
    "norms: no,off",
    "norms: false,off",
    "norms: yes,on",
    "norms: ON,on"
  })
  void aTruthInOtherWordsIsToldInOurs(String line, String ours) throws IOException {
    Files.writeString(directory.resolve("c.yaml"), "# comment\n" + line + "\n");
    ProgramRun run = runLine("train --config @/c.yaml");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).contains("c.yaml, line 2: ").endsWith("; did you mean '" + ours + "'?\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "-h", "help"})
  void theProgramsHelpIsShownHoweverItIsAskedFor(String line) {
    ProgramRun run = runLine(line);
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).startsWith("Usage: java -jar engine.jar COMMAND").contains("landscape");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"train --help", "train -h", "help train", "train --epochs 3 -h", "train -h --x"})
  void aCommandsHelpIsShownHoweverItIsAskedFor(String line) {
    ProgramRun run = runLine(line);
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).startsWith("Usage: java -jar engine.jar train").contains("Example:");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--version", "-V", "version"})
  void theVersionIsShownHoweverItIsAskedFor(String line) {
    ProgramRun run = runLine(line);
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).startsWith("gradsieve ");
  }

  @Test
  void anArgumentThatIsNotUtf8IsRefusedByItself() throws IOException {
    ProgramRun run = runLine("train --json --label caf\uFFFD");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("'caf\uFFFD': is not UTF-8");
    assertThat(new ObjectMapper().readTree(run.out()).get("exit").asInt()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"data", "out", "weights", "model", "data-dir"})
  void aNameThatIsNoPathIsWrongUsageInOneLine(String key) throws IOException {
    Files.writeString(directory.resolve("c.yaml"), key + ": \"./a\\0b\"\n");
    ProgramRun run = runLine("train --config @/c.yaml");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).contains("c.yaml, line 1: " + key).contains("is no path");
  }
}
