package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code train --sieve learned} says of its filter, and {@code prune --filter} of a wrong one.
 */
class FilterCommandsTest {
  @TempDir Path directory;

  private String out = "";
  private String err = "";

  /** Splits at spaces and puts the directory for @. */
  private int run(String line) {
    ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    PrintStream outStream = new PrintStream(outBytes, true, StandardCharsets.UTF_8);
    PrintStream errStream = new PrintStream(errBytes, true, StandardCharsets.UTF_8);
    int exitCode =
        new Program(outStream, errStream, Map.of(), false)
            .run(line.replace("@", directory.toString()).split(" "));
    out = outBytes.toString(StandardCharsets.UTF_8);
    err = errBytes.toString(StandardCharsets.UTF_8);
    return exitCode;
  }

  @Test
  void aRankCorrelationIsToldOnlyIfEnoughWereHeldOut() throws IOException {
    String train = "train --epochs 2 --threads 1 --quiet --overwrite --out @/run --sieve learned";
    assertThat(run(train + " --json")).isZero();
    assertThat(new ObjectMapper().readTree(out).get("filter_rank_correlation").isNull()).isTrue();
    assertThat(run(train)).isZero();
    assertThat(out).doesNotContain("correlation");
    assertThat(run(train + ":sample=0.3")).isZero();
    assertThat(out).contains("filter: rank correlation ");
  }

  @Test
  void aDirectoryIsNoFilter() {
    assertThat(run("prune --filter @ --keep 0.5 --out @/k.txt")).isEqualTo(3);
    assertThat(err).startsWith("error: ").contains("is a directory; name its filter.safetensors");
    assertThat(err.lines()).hasSize(1);
  }

  @Test
  void threadsGoWithAFilterAlone() {
    assertThat(run("prune --scores @/s.csv --threads 1 --keep 0.5 --out @/k.txt")).isEqualTo(2);
    assertThat(err).contains("--threads goes with --filter");
  }
}
