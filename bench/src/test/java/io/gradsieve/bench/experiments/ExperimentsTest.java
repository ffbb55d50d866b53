package io.gradsieve.bench.experiments;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExperimentsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "labels --print --against X | --against X: no such group; one of noisy,",
        "labels --against X | --against X: no such group; one of noisy,",
        "labels --print --only noisy --against clean | --against clean: no such group",
        "labls | did you mean 'labels'?",
        "--quick | which GRID? One of policies,",
        "labels --print --only zzz | --only zzz: no run of labels",
        "labels --print --only [ | --only",
        "labels --agianst clean | --agianst"
      })
  void wrongArgumentsAreExitTwoInOneLine(String line, String named) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    int exitCode = Experiments.commandLine(err).execute(line.split(" "));
    assertThat(exitCode).isEqualTo(2);
    assertThat(bytes.toString(StandardCharsets.UTF_8).lines())
        .singleElement()
        .asString()
        .startsWith("error: ")
        .contains(named);
  }
}
