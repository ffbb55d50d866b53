package io.gradsieve.landscape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.Options;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.scoring.ModelEvaluation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.SAXException;

class LandscapeTest {
  private static final int GRID = 3;
  private static final List<String> FILES =
      List.of("surface.csv", "line.csv", "sharpness.csv", "spectrum.csv", "landscape.svg");

  @TempDir private static Path directory;
  private static String first;
  private static String second;

  @BeforeAll
  static void train() throws IOException {
    first = LandscapeRuns.small(directory.resolve("a&b"), "epochs=3").toString();
    second = LandscapeRuns.small(directory.resolve("two"), "epochs=1", "seed=2").toString();
  }

  private static Landscape.Summary write(String out, int seed, String... runs) {
    Map<String, String> options =
        Map.of(
            "grid", Integer.toString(GRID),
            "threads", "1",
            "seed", Integer.toString(seed),
            "out", directory.resolve(out).toString());
    return Landscape.write(LandscapeRuns.settings(options), List.of(runs), line -> {}, note -> {});
  }

  @Test
  void theCentreIsTheLossThatEvalMeasures() throws IOException {
    write("centre", 1, first);
    ModelEvaluation evaluation =
        ModelEvaluation.of(
            new SettingsReader("eval", CommandOptions.EVAL)
                .commandLine(Map.of("model", first, "split", "train", "threads", "1"))
                .resolve(),
            note -> {});
    String centre =
        Files.readAllLines(directory.resolve("centre/surface.csv")).get(1 + GRID * GRID / 2);
    String[] cells = centre.substring(first.length() + 1).split(",");
    assertThat(cells).startsWith("0.0", "0.0").hasSize(4);
    // The same floats, added by class there and in order here.
    assertThat(Double.parseDouble(cells[2])).isCloseTo(evaluation.loss(), within(1e-12));
    assertThat(Double.parseDouble(cells[3])).isEqualTo(evaluation.accuracy());
  }

  @Test
  void theSameSeedGivesTheSameBytesAndAnotherDoesNot() throws IOException {
    write("once", 4, first);
    write("twice", 4, first);
    write("other", 5, first);
    for (String name : FILES) {
      assertThat(directory.resolve("twice").resolve(name))
          .hasSameBinaryContentAs(directory.resolve("once").resolve(name));
    }
    assertThat(Files.readString(directory.resolve("other/surface.csv")))
        .isNotEqualTo(Files.readString(directory.resolve("once/surface.csv")));
  }

  @Test
  void runsLieSideBySideInTablesAndPicture()
      throws IOException, ParserConfigurationException, SAXException {
    Landscape.Summary summary = write("both", 1, first, second);
    assertThat(summary.files()).isEqualTo(FILES);
    Path both = directory.resolve("both");
    assertThat(Files.readAllLines(both.resolve("surface.csv")))
        .hasSize(1 + 2 * GRID * GRID)
        .startsWith("run,x,y,loss,accuracy");
    assertThat(Files.readAllLines(both.resolve("line.csv")))
        .hasSize(1 + 2 * GRID)
        .startsWith("run,x,loss,accuracy");
    assertThat(Files.readAllLines(both.resolve("sharpness.csv")))
        .hasSize(3)
        .startsWith("run,loss,top_eigenvalue,trace,trace_error");
    assertThat(Files.readAllLines(both.resolve("spectrum.csv")))
        .hasSize(1 + 2 * (Spectrum.LARGEST + Spectrum.PROBES * Spectrum.STEPS))
        .startsWith("run,kind,value,weight,error");
    Document picture =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(both.resolve("landscape.svg").toFile());
    assertThat(picture.getElementsByTagName("title").getLength()).isEqualTo(1);
    assertThat(picture.getDocumentElement().getTextContent())
        .contains(first, second, "Spectrum of the Hessian");
    assertThat(Files.readString(both.resolve("landscape.svg")))
        .contains("stroke=\"" + Palette.line(0), "stroke=\"" + Palette.line(1))
        .doesNotContain("http://www.w3.org/1999/xlink", "<image", "NaN");
  }

  @Test
  void theWeightsAreBackAfterEveryCallAlsoAfterOneThatFailed() {
    try (NetworkLoss loss = LandscapeRuns.open(Path.of(first))) {
      var before = loss.at(loss.trained());
      float[] wild = loss.trained().clone();
      Arrays.fill(wild, 0, 64, Float.NaN);
      assertThat(loss.at(wild).loss()).isNaN();
      assertThatThrownBy(() -> loss.addGradient(wild, 1, new double[wild.length]))
          .isInstanceOf(GradsieveException.BadData.class)
          .hasMessageContaining("not finite");
      assertThat(loss.at(loss.trained().clone())).isEqualTo(before);
      assertThat(loss.at(new float[wild.length]).loss()).isCloseTo(Math.log(10), within(1e-6));
      assertThat(loss.at(loss.trained())).isEqualTo(before);
    }
  }

  @Test
  void anOutThatCannotBeWrittenIsToldBeforeTheWorkAndNothingIsTouched() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "mine");
    assertThatThrownBy(() -> write("file", 1, first))
        .isInstanceOf(GradsieveException.Output.class)
        .hasMessageContaining("file: is a file");
    assertThatThrownBy(() -> write("file/below", 1, first))
        .isInstanceOf(GradsieveException.Output.class);
    Path taken = Files.createDirectories(directory.resolve("taken/line.csv"));
    assertThatThrownBy(() -> write("taken", 1, first))
        .isInstanceOf(GradsieveException.Output.class)
        .hasMessageContaining("line.csv: is a directory");
    assertThat(file).hasContent("mine");
    assertThat(taken).isEmptyDirectory();
    assertThat(directory.resolve("taken")).isDirectoryNotContaining("glob:**.svg");
  }

  @Test
  void theDefaultGridIsOddSoThatTheWeightsAreAPoint() {
    int points = LandscapeRuns.settings(Map.of()).get(Options.GRID);
    assertThat(Landscape.axis(points)).hasSize(21).contains(-1, 0, 1).isSorted();
    assertThat(Landscape.axis(4)).containsExactly(-1, -1 / 3.0, 1 / 3.0, 1);
  }
}
