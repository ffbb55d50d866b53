package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LandscapeCommandTest {
  @TempDir private Path directory;
  private String out = "";
  private String err = "";

  /** With few weights, so that a landscape takes a second. */
  @BeforeEach
  void writeModel() throws IOException {
    Files.writeString(
        directory.resolve("m.yaml"),
        """
        input: [1, 8, 8]
        layers: [flatten, linear: {features: 8}, tanh, linear: {features: 10}]
        """);
  }

  private int run(String line) {
    ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    try (PrintStream outStream = new PrintStream(outBytes, true, StandardCharsets.UTF_8);
        PrintStream errStream = new PrintStream(errBytes, true, StandardCharsets.UTF_8)) {
      int exitCode =
          new Program(outStream, errStream, Map.of(), false)
              .run(line.replace("@", directory.toString()).split(" "));
      out = outBytes.toString(StandardCharsets.UTF_8);
      err = errBytes.toString(StandardCharsets.UTF_8);
      return exitCode;
    }
  }

  @Test
  void runsOfTheDigitsAreMappedSideBySide() throws IOException {
    assertThat(run("train --model @/m.yaml --epochs 2 --threads 1 --quiet --out @/a")).isZero();
    assertThat(run("train --model @/m.yaml --epochs 2 --threads 1 --quiet --seed 2 --out @/b"))
        .isZero();
    assertThat(run("landscape @/a --grid 4 --threads 1 --out @/map @/b")).describedAs(err).isZero();
    assertThat(err.lines()).hasSize(2).allMatch(line -> line.contains("4 x 4 points"));
    assertThat(out.lines()).hasSize(3);
    assertThat(out)
        .contains(directory + "/a: loss ", directory + "/b: loss ", "top eigenvalue", "trace")
        .contains("surface.csv, line.csv, sharpness.csv, spectrum.csv, landscape.svg");
    for (String name : List.of("surface.csv", "line.csv", "sharpness.csv", "spectrum.csv")) {
      assertThat(directory.resolve("map").resolve(name)).isNotEmptyFile();
    }
    assertThat(run("landscape @/a/checkpoints/epoch-0001 --grid 3 --quiet --json --out @/map"))
        .describedAs(err)
        .isZero();
    assertThat(err).isEmpty();
    JsonNode json = new ObjectMapper().readTree(out);
    assertThat(json.get("schema").asInt()).isEqualTo(1);
    assertThat(json.get("runs")).hasSize(1);
    JsonNode figures = json.get("runs").get(0);
    assertThat(figures.get("samples").asInt()).isEqualTo(1438);
    assertThat(figures.get("top_eigenvalue").asDouble()).isPositive();
    assertThat(figures.get("highest_loss").asDouble())
        .isGreaterThan(figures.get("loss").asDouble());
  }

  @Test
  void anOutThatIsAFileIsExitSeven() throws IOException {
    assertThat(run("train --model @/m.yaml --epochs 1 --threads 1 --quiet --out @/a")).isZero();
    Files.writeString(directory.resolve("file"), "mine");
    assertThat(run("landscape @/a --out @/file")).isEqualTo(7);
    assertThat(err).contains("file: is a file");
    assertThat(run("landscape @/a --data digit")).isEqualTo(2);
    assertThat(err).contains("'digits'");
    assertThat(run("landscape @/a/model.yaml")).isEqualTo(3);
    assertThat(err).contains("model.yaml: is no directory; name the directory of a run");
  }

  @Test
  void onlyFilesOfOursAreReplacedAndTheManifestListsThem() throws IOException {
    assertThat(run("train --model @/m.yaml --epochs 1 --threads 1 --quiet --out @/a")).isZero();
    assertThat(run("train --model @/m.yaml --epochs 1 --threads 1 --quiet --out @/b")).isZero();
    assertThat(run("landscape @/a --grid 3 --quiet --out @/b")).describedAs(err).isZero();
    assertThat(run("landscape @/a --grid 3 --quiet --out @/b")).describedAs(err).isZero();
    assertThat(run("train --model @/m.yaml --epochs 1 --threads 1 --quiet --out @/b --overwrite"))
        .isZero();
    assertThat(directory.resolve("b/surface.csv")).doesNotExist();
    Path mine = Files.writeString(directory.resolve("b/surface.csv"), "mine");
    assertThat(run("landscape @/a --grid 3 --quiet --out @/b")).isEqualTo(2);
    assertThat(err).contains("b/surface.csv: is not listed in a manifest of ours");
    assertThat(mine).hasContent("mine");
  }
}
