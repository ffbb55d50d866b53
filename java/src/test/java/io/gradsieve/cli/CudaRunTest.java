package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs on what stands in for a GPU, each in a process that says how it behaves. */
class CudaRunTest {
  private static final Path STAND_INS = Path.of("..", "cuda-kernels", "target", "emulation");

  @TempDir Path directory;

  private JavaProcess train(Map<String, String> behaviour, Path out, String... options)
      throws IOException, InterruptedException {
    Map<String, String> environment = new HashMap<>(behaviour);
    environment.put("GRADSIEVE_CUDA_LIBRARIES", STAND_INS.toRealPath().toString());
    List<String> arguments =
        new ArrayList<>(
            List.of("train", "--device", "cuda", "--out", out.toString(), "--progress", "none"));
    arguments.addAll(List.of(options));
    return JavaProcess.run(
        directory, environment, JavaProcess.command(Main.class, arguments.toArray(String[]::new)));
  }

  @Test
  void otherDelaysAndAnotherOrderOfThreadsLeaveTheSameBits() throws Exception {
    List<Path> runs = new ArrayList<>();
    for (String seed : List.of("1", "8")) {
      Path out = directory.resolve("seed-" + seed);
      JavaProcess run =
          train(
              Map.of("GRADSIEVE_CUDA_SEED", seed),
              out,
              "--epochs",
              "2",
              "--sieve",
              "batch:keep=0.5,from=2");
      assertThat(run.exitCode()).as(run.out()).isZero();
      runs.add(out);
    }
    for (String file : List.of("model.safetensors", "scores.csv")) {
      assertThat(runs.get(0).resolve(file)).hasSameBinaryContentAs(runs.get(1).resolve(file));
    }
  }

  @Test
  void aGpuThatFailsOnTheWayLeavesTheLastCheckpointFromWhichTheCpuGoesOn() throws Exception {
    Path out = directory.resolve("failed");
    JavaProcess run =
        train(Map.of("GRADSIEVE_CUDA_FAIL", "cudaGraphLaunch:60+"), out, "--epochs", "6");
    assertThat(run.exitCode()).as(run.out()).isEqualTo(4);
    assertThat(run.out().lines().filter(line -> line.startsWith("error: ")))
        .singleElement()
        .asString()
        .contains("the GPU failed: cudaGraphLaunch: ");
    assertThat(out.resolve("checkpoints")).isNotEmptyDirectory();
    ProgramRun resumed =
        ProgramRun.of("train", "--resume", "--out", out.toString(), "--device", "cpu");
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(Files.readAllLines(out.resolve("metrics.jsonl"))).hasSize(6);
  }
}
