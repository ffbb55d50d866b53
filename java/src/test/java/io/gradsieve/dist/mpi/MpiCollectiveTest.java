package io.gradsieve.dist.mpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.gradsieve.TestSeed;
import io.gradsieve.natives.MpiLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With Open MPI's {@code mpirun}, where it is and the build found MPI. */
@Timeout(120)
class MpiCollectiveTest {
  @TempDir Path directory;

  @BeforeEach
  void needMpi() throws Exception {
    assumeTrue(MpiLibrary.isBuilt(), "this build is without MPI");
    assumeTrue(run(List.of("mpirun", "--version")) == 0, "mpirun is not there");
  }

  private Path output() {
    return directory.resolve("output");
  }

  private int run(List<String> command) throws Exception {
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output().toFile())
              .start();
    } catch (IOException e) {
      return -1; // there is no such program
    }
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(command.toString()).isTrue();
      return process.exitValue();
    } finally {
      process.destroy(); // it ends its workers
    }
  }

  private List<String> workers(int count, int expected, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of("mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "" + count));
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(List.of("-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(MpiProcess.class.getName());
    command.addAll(List.of(arguments));
    int code = run(command);
    List<String> lines = Files.readAllLines(output());
    assertThat(code).as(String.join("\n", lines)).isEqualTo(expected);
    return lines;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void everyWorkerHasTheSumsInTheSameBits(int world) throws Exception {
    List<String> said = workers(world, 0, "sums", String.valueOf(TestSeed.of(world)));
    List<String> sums = said.stream().filter(line -> line.startsWith("sums ")).toList();
    assertThat(sums).as(said.toString()).hasSize(world);
    assertThat(sums.stream().distinct()).hasSize(1);
    StringBuilder names = new StringBuilder();
    for (int rank = 0; rank < world; rank++) {
      names.append("rank").append("!".repeat(rank));
    }
    assertThat(sums.get(0)).endsWith(" " + names + " of " + world);
  }

  @Test
  void anAbortEndsAnOperationThatWaitsAndTheLauncherTheOthers() throws Exception {
    assertThat(workers(2, 6, "abort")).contains("the operation was aborted");
  }

  @Test
  void whatDoesNotEndInTimeIsNamed() throws Exception {
    assertThat(workers(2, 6, "patience"))
        .contains(
            "MPI's all-reduce has not ended within 1 s: a worker of its 2 has failed, is stopped or"
                + " waits elsewhere");
  }
}
