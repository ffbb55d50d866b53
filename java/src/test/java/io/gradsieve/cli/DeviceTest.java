package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --device} and {@code --precision}; CUDA is loaded once a process, so in processes. */
class DeviceTest {
  private static final Path STAND_INS = Path.of("..", "cuda-kernels", "target", "emulation");
  private static final String VARIABLE = "GRADSIEVE_CUDA_LIBRARIES";

  @TempDir Path directory;

  private JavaProcess run(String libraries, String... arguments)
      throws IOException, InterruptedException {
    return JavaProcess.run(
        directory, Map.of(VARIABLE, libraries), JavaProcess.command(Main.class, arguments));
  }

  private JavaProcess train(String libraries, String... options)
      throws IOException, InterruptedException {
    List<String> arguments =
        new ArrayList<>(List.of("train", "--epochs", "1", "--threads", "1", "--progress", "none"));
    arguments.addAll(List.of(options));
    return run(libraries, arguments.toArray(String[]::new));
  }

  private static String standIns() throws IOException {
    return STAND_INS.toRealPath().toString();
  }

  /** A copy of all stand-ins but one. */
  private Path without(String library) throws IOException {
    Path made = Files.createDirectory(directory.resolve("without"));
    try (Stream<Path> files = Files.list(STAND_INS)) {
      for (Path file : files.filter(f -> !f.endsWith(library)).toList()) {
        Files.copy(file, made.resolve(file.getFileName()));
      }
    }
    return made;
  }

  @Test
  void whereThereIsNoDriverCudaIsExitFourAndAutoIsTheCpuWithoutAWord() throws Exception {
    JavaProcess asked = train("", "--device", "cuda");
    if (asked.exitCode() == 0) {
      return; // this machine has a GPU
    }
    assertThat(asked.exitCode()).isEqualTo(4);
    assertThat(asked.out()).startsWith("error: ").contains("libcuda.so.1").hasLineCount(1);
    JavaProcess auto = train("", "--quiet");
    assertThat(auto.exitCode()).isZero();
    assertThat(auto.out()).doesNotContain("GPU", "CUDA", "libcuda", "WARN");
  }

  @Test
  void aLibraryThatIsMissingIsNamedByCudaAndAWarningOfAuto() throws Exception {
    Path without = without("libcudnn_cnn.so.9");
    JavaProcess asked = train(without.toString(), "--device", "cuda:0");
    assertThat(asked.exitCode()).isEqualTo(4);
    assertThat(asked.out()).contains(without + ": libcudnn_cnn.so.9 is not in it").hasLineCount(1);
    JavaProcess auto = train(without.toString(), "--quiet");
    assertThat(auto.exitCode()).isZero();
    assertThat(auto.out().lines().filter(line -> line.contains("the GPU is not used")))
        .singleElement()
        .asString()
        .contains("libcudnn_cnn.so.9");
  }

  @Test
  void aGpuThatIsNotThereIsExitFourWithHowManyThereAre() throws Exception {
    JavaProcess run = train(standIns(), "--device", "cuda:3");
    assertThat(run.exitCode()).isEqualTo(4);
    assertThat(run.out()).contains("--device cuda:3: this machine has 1 GPU, cuda:0");
  }

  @Test
  void autoTakesTheGpuThatWorksAndSaysOnceThatItIsNone() throws Exception {
    Path out = directory.resolve("on-gpu");
    JavaProcess run = train(standIns(), "--quiet", "--out", out.toString());
    assertThat(run.exitCode()).as(run.out()).isZero();
    assertThat(run.out().lines().filter(line -> line.contains("no real GPU: "))).hasSize(1);
    assertThat(Files.readString(out.resolve("config.yaml"), StandardCharsets.UTF_8))
        .contains("device: \"cuda:0\"", "precision: tf32");
    String[] here = {
      "train", "--resume", "--out", out.toString(), "--device", "cpu", "--progress", "none"
    };
    ProgramRun resumed = ProgramRun.of(here);
    assertThat(resumed.err())
        .contains("--device (cpu, the run began with cuda:0)")
        .contains("--precision (fp32, the run began with tf32)");
    assertThat(resumed.exitCode()).isZero();
  }

  @Test
  void aPrecisionThatTheDeviceHasNotIsExitTwo() {
    for (String precision : List.of("tf32", "bf16")) {
      ProgramRun run =
          ProgramRun.of("train", "--device", "cpu", "--precision", precision, "--dry-run");
      assertThat(run.exitCode()).isEqualTo(2);
      assertThat(run.err()).startsWith("error: --precision " + precision).hasLineCount(1);
    }
  }

  @Test
  void aRunGoesOnWithOtherThreadsAndSaysSo() throws Exception {
    Path out = directory.resolve("run");
    String[] begun = {
      "train", "--epochs", "2", "--threads", "1", "--device", "cpu", "--out", out.toString()
    };
    assertThat(ProgramRun.of(begun).exitCode()).isZero();
    assertThat(Files.readString(out.resolve("config.yaml"), StandardCharsets.UTF_8))
        .contains("device: cpu", "precision: fp32");
    ProgramRun run =
        ProgramRun.of(
            "train",
            "--resume",
            "--out",
            out.toString(),
            "--threads",
            "2",
            "--device",
            "auto",
            "--precision",
            "fp32");
    assertThat(run.err()).contains("--threads (2, the run began with 1)");
    assertThat(run.exitCode()).isZero();
  }

  @Test
  void doctorComputesOnWhatStandsInForAGpuAndNamesVersions() throws Exception {
    JavaProcess run = run(standIns(), "doctor");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .contains("emulated on the processor", "cuda:0, ", "a product and a convolution are right")
        .contains("driver 13.1, from ", "runtime 13.1, from ", "cuDNN 9.19.0, from ")
        .contains("NCCL 2.29.3, from ", "NCCL_SOCKET_IFNAME is not set: ")
        .contains("own kernels: from ");
    JavaProcess json = run(standIns(), "doctor", "--json");
    assertThat(json.out())
        .contains("\"emulated\":true", "\"computes\":true", "\"cudnn\":\"9.19.0\"");
  }

  @Test
  void doctorSaysWhichFunctionFails() throws Exception {
    JavaProcess run =
        JavaProcess.run(
            directory,
            Map.of(VARIABLE, standIns(), "GRADSIEVE_CUDA_FAIL", "cudnnConvolutionForward:1+"),
            JavaProcess.command(Main.class, "doctor"));
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).containsPattern("cuda:0, .*the GPU failed: cudnnConvolutionForward: ");
  }

  @Test
  void doctorSaysWhyNcclIsOfNoUse() throws Exception {
    JavaProcess run =
        JavaProcess.run(
            directory,
            Map.of(VARIABLE, standIns(), "GRADSIEVE_NCCL_VERSION", "22501"),
            JavaProcess.command(Main.class, "doctor"));
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .contains("NCCL, for several GPUs, can't be used: ")
        .contains("is NCCL 2.25.1, which cannot end a communicator whose peer is gone; install ");
  }

  @Test
  void doctorNamesEveryLibraryThatIsMissing() throws Exception {
    Path without = without("libcublas.so.13");
    Files.delete(without.resolve("libcudnn_cnn.so.9"));
    assertThat(run(without.toString(), "doctor").out())
        .contains(
            "can't be used: ", "libcublas.so.13 is not in it", "libcudnn_cnn.so.9 is not in it");
  }
}
