package io.gradsieve.natives;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loads CUDA's libraries, or what stands in for them, in processes of their own. */
class CudaLibrariesTest {
  private static final Path STAND_INS = Path.of("..", "cuda-kernels", "target", "emulation");

  @TempDir Path directory;

  /** The program of the child processes: one line, what became of loading. */
  static final class Program {
    public static void main(String[] arguments) {
      CudaLibraries.Result result = CudaLibraries.load();
      if (result instanceof CudaLibraries.Loaded loaded) {
        int status = CudaKernels.gs_cuda_gather_rows(-1, 0, 0, 0, 0);
        try (CudaConv2dShape shape = new CudaConv2dShape()) {
          shape.height(status);
        }
        System.out.println(
            "loaded %s, %s, %s, %s"
                .formatted(
                    loaded.kernels(),
                    loaded.emulated(),
                    loaded.versions().stream().map(v -> v.library() + " " + v.version()).toList(),
                    CudaKernels.gs_cuda_last_error()));
      } else if (result instanceof CudaLibraries.Failed failed) {
        System.out.println("failed, driver " + failed.driver() + ": " + failed.reason());
      }
      if (CudaLibraries.load() != result) {
        System.out.println("and loaded again");
      }
    }
  }

  @Test
  void whatStandsInForAGpuIsLoadedFromTheDirectoryThatIsNamed() throws Exception {
    assertThat(line(STAND_INS.toString()))
        .startsWith("loaded " + STAND_INS.toRealPath() + "/libgradsieve_cuda.so, true, ")
        .contains("driver 13.1", "runtime 13.1", "cuBLAS 13.2.1", "cuDNN 9.19.0")
        .endsWith("gather_rows: -1 rows");
  }

  @Test
  void everyLibraryThatIsNotInTheDirectoryIsNamed() throws Exception {
    for (CudaLibrary library : CudaLibrary.values()) {
      Path stand = standIns(library.name());
      Files.delete(stand.resolve(library.file()));
      assertThat(line(stand.toString()))
          .isEqualTo(
              "failed, driver true: GRADSIEVE_CUDA_LIBRARIES=%s: %s is not in it, and all of CUDA's libraries are taken from there"
                  .formatted(stand, library.file()));
    }
  }

  @Test
  void aDirectoryThatIsNoneSaysWhatWasToComeFromIt() throws Exception {
    assertThat(line(directory.resolve("none").toString()))
        .isEqualTo(
            "failed, driver true: GRADSIEVE_CUDA_LIBRARIES=%s is no directory: libcuda.so.1 was to be loaded from it"
                .formatted(directory.resolve("none")));
  }

  @Test
  void aLibraryThatIsDamagedIsNamedInTheSystemsWords() throws Exception {
    Path stand = standIns("damaged");
    Files.delete(stand.resolve("libcublas.so.13"));
    Files.write(stand.resolve("libcublas.so.13"), new byte[100]);
    assertThat(line(stand.toString()))
        .startsWith(
            "failed, driver true: %s/libcublas.so.13 (cuBLAS) cannot be loaded: ".formatted(stand));
  }

  @Test
  void aFunctionThatALibraryLacksIsNamedAndEndsNoProcess() throws Exception {
    for (CudaLibrary library : CudaLibrary.values()) {
      if (library.functions().isEmpty()) {
        continue;
      }
      Path stand = standIns("lacking-" + library.name());
      String function = library.functions().get(library.functions().size() - 1);
      without(stand.resolve(library.file()), function);
      assertThat(line(stand.toString()))
          .isEqualTo(
              "failed, driver true: %s (%s) has no function %s; install %s"
                  .formatted(
                      stand.resolve(library.file()), library.what(), function, library.remedy()));
    }
  }

  @Test
  void theJarSaysWhatItsKernelsAreFor() {
    assertThat(CudaLibraries.built()).isEqualTo(!CudaLibraries.architectures().isEmpty());
    if (CudaLibraries.built()) {
      assertThat(CudaLibraries.architectures()).contains("sm_75", "sm_90", "sm_120");
    }
  }

  @Test
  void withoutADriverNothingElseIsLookedFor() throws Exception {
    String line = line("");
    if (line.startsWith("loaded")) {
      return; // this machine has a GPU
    }
    assertThat(line)
        .startsWith(
            "failed, driver false: no NVIDIA driver: libcuda.so.1: cannot open shared object");
  }

  /** A copy of all stand-ins. */
  private Path standIns(String name) throws IOException {
    Path made = Files.createDirectory(directory.resolve(name));
    try (Stream<Path> files = Files.list(STAND_INS)) {
      for (Path file : files.toList()) {
        Files.copy(file, made.resolve(file.getFileName()));
      }
    }
    return made;
  }

  /** Gives another name to an exported function, of the same length, so that it is not found. */
  private static void without(Path library, String function) throws IOException {
    String bytes = Files.readString(library, StandardCharsets.ISO_8859_1);
    String other = "X" + function.substring(1);
    Files.writeString(
        library,
        bytes.replace("\0" + function + "\0", "\0" + other + "\0"),
        StandardCharsets.ISO_8859_1);
  }

  /** All that a process printed, one line. */
  private static String line(String libraries) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put(CudaLibraries.VARIABLE, libraries);
    Process process = builder.start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    assertThat(output).doesNotContain("\n");
    return output;
  }
}
