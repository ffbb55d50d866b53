package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real process, a real signal. */
class KilledRunTest {
  private static final int SIGKILL = 128 + 9;
  private static final int SIGTERM = 128 + 15;

  @TempDir Path directory;
  private final List<String> progress = new ArrayList<>();

  /**
   * Runs the program in a process of its own; {@code atEpochTwo} may end it after its second epoch.
   */
  private int run(Consumer<ProcessHandle> atEpochTwo, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(directory.resolve("out").toFile())
            .start();
    progress.clear();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        progress.add(line);
        if (line.startsWith("epoch 2/")) {
          atEpochTwo.accept(process.toHandle());
        }
      }
    }
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).describedAs(progress.toString()).isTrue();
    return process.exitValue();
  }

  private int train(Consumer<ProcessHandle> atEpochTwo, String out, String... more)
      throws IOException, InterruptedException {
    List<String> arguments =
        new ArrayList<>(
            List.of("train", "--epochs", "5", "--batch-size", "4", "--lr", "0.01", "--seed", "7"));
    arguments.addAll(List.of("--threads", "1", "--progress", "lines", "--out", out));
    arguments.addAll(List.of(more));
    return run(atEpochTwo, arguments.toArray(String[]::new));
  }

  private byte[] weights(String run) throws IOException {
    return Files.readAllBytes(directory.resolve(run).resolve("model.safetensors"));
  }

  @Test
  void aRunKilledInTheMiddleOfAnEpochAndResumedEndsWithTheSameBits()
      throws IOException, InterruptedException {
    Consumer<ProcessHandle> nothing = process -> {};
    assertThat(train(nothing, "whole")).describedAs(progress.toString()).isZero();

    assertThat(train(ProcessHandle::destroyForcibly, "killed")).isEqualTo(SIGKILL);
    assertThat(directory.resolve("killed/model.safetensors")).doesNotExist();
    assertThat(run(nothing, "train", "--resume", "--out", "killed"))
        .describedAs(progress.toString())
        .isZero();
    assertThat(weights("killed")).isEqualTo(weights("whole"));

    assertThat(train(ProcessHandle::destroy, "ended"))
        .describedAs(progress.toString())
        .isEqualTo(SIGTERM);
    assertThat(directory.resolve("out")).content().contains("train --resume --out ended");
    assertThat(directory.resolve("ended/model.safetensors")).doesNotExist();
    assertThat(run(nothing, "train", "--resume", "--out", "ended"))
        .describedAs(progress.toString())
        .isZero();
    assertThat(weights("ended")).isEqualTo(weights("whole"));
    assertThat(directory.resolve("ended/scores.csv"))
        .hasSameBinaryContentAs(directory.resolve("whole/scores.csv"));
  }
}
