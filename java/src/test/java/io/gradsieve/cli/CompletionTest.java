package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.OptionalPart;
import io.gradsieve.nn.Models;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.policy.Policies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The scripts in their shells: in bash what its function offers, in the others that they are one.
 */
class CompletionTest {
  private static final String HEADER =
      "\uFEFF\r\n\"sepal, length\", species ,\"a \"\"q\"\"\",row id\r\n";

  @TempDir Path directory;

  @BeforeEach
  void makeFiles() throws IOException {
    for (String shell : CompletionCommand.SHELLS) {
      Files.writeString(directory.resolve(shell), ProgramRun.of("completion", shell).out());
    }
    Files.writeString(directory.resolve("t.csv"), HEADER + "1,a,2,x\r\n");
    Files.writeString(directory.resolve("my t.csv"), HEADER);
  }

  /**
   * What is offered for the last of some words, as bash has them: a line each.
   *
   * @param words of a line, as an array of bash
   */
  private List<String> offered(String words) throws IOException, InterruptedException {
    String script =
        """
        compopt() { :; }
        source ./bash
        COMP_WORDS=(%s)
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _gradsieve
        printf '%%s\\n' "${COMPREPLY[@]}"
        """
            .formatted(words);
    JavaProcess run = run(List.of("bash", "--norc", "-c", script));
    assertThat(run.exitCode()).describedAs(run.out()).isZero();
    return run.out().strip().lines().toList();
  }

  private JavaProcess run(List<String> command) throws IOException, InterruptedException {
    return JavaProcess.run(directory, Map.of("LC_ALL", "C.UTF-8"), command);
  }

  @Test
  void theNamesOfSievesScoresAndModelsAreOffered() throws IOException, InterruptedException {
    assertThat(offered("gradsieve train --sieve ''")).isEqualTo(Policies.names());
    assertThat(offered("gradsieve train --sieve va")).containsExactly("variance");
    assertThat(offered("gradsieve train --score ''")).isEqualTo(Score.keys());
    assertThat(offered("gradsieve score --score al")).containsExactly("all");
    assertThat(offered("gradsieve issues --model ''")).containsAll(Models.NAMES).contains("t.csv");
    assertThat(offered("gradsieve train --data fa")).containsExactly("fashion-mnist");
    assertThat(offered("gradsieve train --epochs ''")).isEmpty();
    assertThat(offered("gradsieve train --sieve variance : ''")).isEmpty();
    assertThat(offered("gradsieve iss")).containsExactly("issues");
    assertThat(offered("gradsieve train --help")).containsExactly("--help", "--help-all");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "gradsieve train --data t.csv --label sp | species",
        "gradsieve train --data t.csv --id row | row\\ id",
        "gradsieve train --data t.csv --weight row\\\\ | row\\ id",
        "gradsieve train --data t.csv --ignore sep | sepal\\,\\ length",
        "gradsieve train --data t.csv --ignore '\"sep' | sepal, length",
        "gradsieve train --data = t.csv --label = sp | species",
        "gradsieve issues --data my\\\\\\ t.csv --label a | a\\ \\\"q\\\"",
        "gradsieve issues --data '\"my t.csv\"' --label sp | species",
        "gradsieve train --label sp | ``",
        "gradsieve train --data none.csv --label sp | ``",
        "gradsieve train --data digits --label sp | ``"
      })
  void theColumnsOfATableAreOffered(String words, String column)
      throws IOException, InterruptedException {
    assertThat(offered(words)).isEqualTo(column.isEmpty() ? List.of() : List.of(column));
  }

  @Test
  void nothingOfALineIsRun() throws IOException, InterruptedException {
    offered("gradsieve train --data '$(touch ran).csv' --label x");
    offered("gradsieve train --data '`touch ran`.csv' --label x");
    assertThat(directory.resolve("ran")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({"bash", "zsh", "fish"})
  void aShellTakesItsScript(String shell) throws IOException, InterruptedException {
    OptionalPart.need(
        Files.isExecutable(Path.of("/bin", shell)), shell + " is not installed (apt-get install)");
    JavaProcess run = run(List.of(shell, "-n", shell));
    assertThat(run.exitCode()).describedAs(run.out()).isZero();
    assertThat(run.out()).isEmpty();
  }

  @Test
  void fishReadsTheSameColumns() throws IOException, InterruptedException {
    OptionalPart.need(
        Files.isExecutable(Path.of("/bin/fish")), "fish is not installed (apt-get install fish)");
    String line = "gradsieve train --data 'my t.csv' --label s";
    JavaProcess run =
        run(
            List.of(
                "fish",
                "--no-config",
                "-c",
                "source ./fish; complete -C \"" + line + "\" | string split -f1 \\t"));
    assertThat(run.out().lines()).contains("sepal, length", "species");
  }
}
