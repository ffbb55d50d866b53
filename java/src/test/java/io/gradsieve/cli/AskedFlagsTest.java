package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.config.Options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AskedFlagsTest {
  @TempDir Path directory;

  /** Puts the directory for @. */
  private String[] arguments(String line) throws IOException {
    Files.writeString(directory.resolve("json.yaml"), "json: true\n");
    Files.writeString(directory.resolve("both.yaml"), "json: true\nepochs: 0\n");
    Files.writeString(directory.resolve("broken.yaml"), "json: true\nepochs: [\n");
    return line.replace("@", directory.toString()).split(" ");
  }

  private boolean json(String line) throws IOException {
    return new AskedFlags(List.of(arguments(line))).on(Options.JSON);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train --json --epoch 3",
        "train --set json=true --epochs 0",
        "train --epoch 3 --set=json=true",
        "train --set epochs=0 --set json=true",
        "train --config @/json.yaml --lr nan",
        "train --config=@/both.yaml",
        "train --json --set json=false --lr nan"
      })
  void aFailureIsOneObjectWhereverThatWasAskedFor(String line) throws IOException {
    assertThat(json(line)).isTrue();
    ProgramRun run = ProgramRun.of(arguments(line));
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(new ObjectMapper().readTree(run.out()).get("exit").asInt()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train --epoch 3",
        "train --set json=false",
        "train --set json=true --set json=false",
        "train --set json=false --config @/json.yaml",
        "train --set json",
        "train --config @/none.yaml",
        "train --config @/broken.yaml",
        "train --config"
      })
  void whatIsNotOnOrCannotBeReadAsksForNothing(String line) throws IOException {
    assertThat(json(line)).isFalse();
  }

  @Test
  void otherFlagsAreAskedForInTheSameWay() {
    List<String> arguments = List.of("train", "--set", "stacktrace=true");
    assertThat(new AskedFlags(arguments).on(Options.STACKTRACE)).isTrue();
    assertThat(new AskedFlags(arguments).on(Options.JSON)).isFalse();
  }
}
