package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.OptionalPart;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The program on a pseudo terminal, which {@code script} makes and {@code stty} resizes. */
class TerminalTest {
  private static final String TRAIN =
      JavaProcess.command(Main.class).stream()
          .map(part -> "'" + part + "'")
          .collect(Collectors.joining(" "));

  @TempDir Path directory;

  @BeforeEach
  void needsAPseudoTerminal() {
    OptionalPart.need(
        Files.isExecutable(Path.of("/usr/bin/script")),
        "script is not installed (apt-get install bsdutils)");
  }

  /** The command of a pseudo terminal in which a shell runs these lines. */
  private List<String> terminal(String lines) throws IOException {
    Path file = Files.writeString(directory.resolve("lines"), lines + "\n");
    return List.of("script", "-qec", "sh " + file, "/dev/null");
  }

  /** Lengths of what was drawn in place, in characters. */
  private static List<Integer> drawn(String output) {
    return Stream.of(output.split("\r"))
        .map(line -> line.replace("\u001b[K", ""))
        .filter(line -> line.contains("epoch ") && !line.contains("\n"))
        .map(String::length)
        .toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {40, 80, 200})
  void theBarStaysInOneLineOfTheTerminalThatStandardErrorIs(int columns)
      throws IOException, InterruptedException {
    JavaProcess run =
        JavaProcess.run(
            directory,
            Map.of("LC_ALL", "C.UTF-8", "TERM", "xterm"),
            terminal(
                "stty cols %d\n%s train --epochs 8 --threads 1 --out r </dev/null >/dev/null"
                    .formatted(columns, TRAIN)));
    assertThat(run.exitCode()).describedAs(run.out()).isZero();
    assertThat(drawn(run.out()))
        .describedAs(run.out())
        .hasSizeGreaterThan(6)
        .allSatisfy(length -> assertThat(length).isBetween(30, columns - 1));
  }

  @Test
  void aTerminalThatIsResizedIsAskedAnew() throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            terminal(
                "stty cols 120\n%s train --epochs 60 --threads 1 --out r >/dev/null &\nread resized\nstty cols 60\nwait"
                    .formatted(TRAIN)));
    builder.directory(directory.toFile()).redirectErrorStream(true);
    builder.environment().putAll(Map.of("LC_ALL", "C.UTF-8", "TERM", "xterm"));
    Process process = builder.start();
    StringBuilder output = new StringBuilder();
    int resizedAt = 0;
    try (Reader reader = new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8);
        OutputStream keys = process.getOutputStream()) {
      for (int c = reader.read(); c >= 0; c = reader.read()) {
        output.append((char) c);
        if (resizedAt == 0 && output.indexOf("epoch 3/") >= 0) {
          resizedAt = output.length();
          keys.write('\n');
          keys.flush();
        }
      }
    }
    assertThat(process.waitFor()).describedAs(output.toString()).isZero();
    List<Integer> before = drawn(output.substring(0, resizedAt));
    List<Integer> after = drawn(output.substring(resizedAt));
    assertThat(before.get(0)).isBetween(80, 119);
    assertThat(after.get(after.size() - 1)).isBetween(40, 59);
  }

  @ParameterizedTest
  @CsvSource({
    "60, train --help",
    "60, train --help-all",
    "80, score --help-all",
    "100, prune --help",
    "300, train --help-all",
    "80, --help"
  })
  void helpIsBrokenBetweenWordsAsWideAsTheTerminal(int columns, String command)
      throws IOException, InterruptedException {
    JavaProcess run =
        JavaProcess.run(
            directory,
            Map.of("LC_ALL", "C.UTF-8"),
            terminal("stty cols %d\n%s %s 2>&1".formatted(columns, TRAIN, command)));
    assertThat(run.exitCode()).describedAs(run.out()).isZero();
    assertThat(run.out().lines())
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(Math.min(columns, 100)));
    List<String> wide = words(ProgramRun.of(command.split(" ")).out());
    assertThat(words(run.out())).isEqualTo(wide);
  }

  private static List<String> words(String text) {
    return List.of(text.strip().split("\\s+"));
  }

  @Test
  void whatIsNoTerminalIsAsWideAsCOLUMNSSaysOrEighty() {
    Terminal file = Terminal.of(directory.resolve("lines"));
    assertThat(file.present()).isFalse();
    assertThat(file.columns(Map.of())).isEqualTo(80);
    assertThat(file.columns(Map.of("COLUMNS", "72"))).isEqualTo(72);
    assertThat(file.columns(Map.of("COLUMNS", "0"))).isEqualTo(80);
    assertThat(file.columns(Map.of("COLUMNS", "wide"))).isEqualTo(80);
    assertThat(file.watched(Map.of("COLUMNS", "72")).getAsInt()).isEqualTo(72);
  }
}
