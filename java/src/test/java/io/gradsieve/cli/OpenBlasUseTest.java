package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.natives.OpenBlas;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenBLAS is loaded where it is used and nowhere else: each command in a process of its own. */
class OpenBlasUseTest {
  private static final String MAPPED = "mapped: ";

  @TempDir private Path directory;

  /** Runs a command, then says whether the process's maps have OpenBLAS. */
  static final class Mapped {
    public static void main(String[] arguments) throws IOException {
      int exitCode = new Program(System.out, System.err, System.getenv(), false).run(arguments);
      boolean mapped =
          Files.readAllLines(Path.of("/proc/self/maps")).stream()
              .anyMatch(line -> line.contains("libopenblas"));
      System.out.println(MAPPED + mapped);
      System.exit(exitCode);
    }
  }

  @BeforeEach
  void writeModel() throws IOException {
    Files.writeString(
        directory.resolve("m.yaml"),
        """
        input: [1, 8, 8]
        layers: [flatten, linear: {features: 8}, tanh, linear: {features: 10}]
        """);
  }

  private JavaProcess run(Map<String, String> environment, String line)
      throws IOException, InterruptedException {
    return JavaProcess.run(
        directory, environment, JavaProcess.command(Mapped.class, line.split(" ")));
  }

  @Test
  void theSpectrumLoadsItAndTrainingAndScoringDoNot() throws Exception {
    JavaProcess train = run(Map.of(), "train --model m.yaml --epochs 1 --quiet --out r");
    assertThat(train.out()).endsWith(MAPPED + "false\n");
    assertThat(train.exitCode()).isZero();
    JavaProcess score = run(Map.of(), "score --model ./r --quiet --out scores.csv");
    assertThat(score.out()).endsWith(MAPPED + "false\n");
    assertThat(score.exitCode()).isZero();
    JavaProcess landscape = run(Map.of(), "landscape r --grid 3 --quiet --out map");
    assertThat(landscape.out()).endsWith(MAPPED + "true\n");
    assertThat(landscape.exitCode()).isZero();
    assertThat(directory.resolve("map/spectrum.csv")).isNotEmptyFile();
  }

  @Test
  void theDoctorNamesVersionAndKernelsAndWarnsWhereTheyAreForced() throws Exception {
    assertThat(run(Map.of(OpenBlas.CORE_VARIABLE, "Haswell"), "doctor").out())
        .contains("openblas     0.3.31, Haswell kernels")
        .contains("warning: OPENBLAS_CORETYPE=Haswell is set")
        .endsWith(MAPPED + "true\n");
    List<String> unset = new ArrayList<>(List.of("env", "-u", OpenBlas.CORE_VARIABLE));
    unset.addAll(JavaProcess.command(Mapped.class, "doctor"));
    assertThat(JavaProcess.run(directory, Map.of(), unset).out())
        .containsPattern("openblas     0\\.3\\.31, \\w+ kernels")
        .doesNotContain("OPENBLAS_CORETYPE");
  }

  /** A bundle without the library stands before the jar's on the class path. */
  @Test
  void whereItDoesNotLoadTheSpectrumIsExitFourWithOneLine() throws Exception {
    Path bundle =
        Files.createDirectories(
            directory.resolve("first/io/gradsieve/natives/linux-x86_64/openblas"));
    Files.writeString(bundle.resolve("index"), "0123456789abcdef\n");
    JavaProcess train = run(Map.of(), "train --model m.yaml --epochs 1 --quiet --out r");
    assertThat(train.exitCode()).isZero();
    List<String> command =
        JavaProcess.command(Mapped.class, "landscape", "r", "--quiet", "--out", "map");
    int classPath = command.indexOf("-cp") + 1;
    command.set(classPath, directory.resolve("first") + ":" + command.get(classPath));
    JavaProcess landscape = JavaProcess.run(directory, Map.of(), command);
    assertThat(landscape.exitCode()).isEqualTo(4);
    assertThat(Arrays.asList(landscape.out().split("\n")))
        .hasSize(2)
        .first()
        .asString()
        .contains("OpenBLAS", "libopenblas.so.0");
    assertThat(directory.resolve("map")).doesNotExist();
  }
}
