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
        if (arguments.length > 0) {
          System.out.println(NcclLibrary.load());
          return;
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
    for (CudaLibrary library : CudaLibrary.NEEDED) {
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
    for (CudaLibrary library : CudaLibrary.NEEDED) {
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
  void ncclIsLoadedOnlyWhereItIsAskedForAndKnowsWhetherItCanRevoke() throws Exception {
    assertThat(nccl(STAND_INS, ""))
        .isEqualTo(
            "Loaded[version=2.29.3, file=%s/libnccl.so.2, revokes=true]"
                .formatted(STAND_INS.toRealPath()));
    Path stand = standIns("older");
    Files.delete(stand.resolve("libnccl.so.2"));
    assertThat(nccl(stand, ""))
        .isEqualTo(
            "Failed[reason=GRADSIEVE_CUDA_LIBRARIES=%s: libnccl.so.2 is not in it, and all of CUDA's libraries are taken from there]"
                .formatted(stand));
    assertThat(line(stand.toString())).startsWith("loaded ");
    Files.copy(STAND_INS.resolve("older").resolve("libnccl.so.2"), stand.resolve("libnccl.so.2"));
    assertThat(nccl(stand, "22403"))
        .isEqualTo("Loaded[version=2.24.3, file=%s/libnccl.so.2, revokes=false]".formatted(stand));
    assertThat(nccl(stand, "22501"))
        .isEqualTo(
            "Failed[reason=%s/libnccl.so.2 is NCCL 2.25.1, which cannot end a communicator whose peer is gone; install NCCL 2.29 for CUDA 13 (apt-get install libnccl2)]"
                .formatted(stand));
    without(stand.resolve("libnccl.so.2"), "ncclCommFinalize");
    assertThat(nccl(stand, ""))
        .contains("libnccl.so.2 (NCCL) has no function ncclCommFinalize; install NCCL 2.29");
  }

  private static String nccl(Path libraries, String version) throws Exception {
    return line(libraries.toString(), version, "nccl");
  }

  @Test
  void aProgramWithoutTheJarOfCudasNativesIsToldWhichOneItIs() throws Exception {
    Path classes = Path.of("target", "classes");
    Path without = Files.createDirectory(directory.resolve("classes"));
    try (Stream<Path> all = Files.walk(classes)) {
      for (Path file : all.filter(file -> !file.toString().contains("cuda-bindings")).toList()) {
        Path copy = without.resolve(classes.relativize(file).toString());
        if (Files.isRegularFile(file)) {
          Files.copy(file, copy);
        } else {
          Files.createDirectories(copy);
        }
      }
    }
    String path =
        System.getProperty("java.class.path")
            .replace(classes.toAbsolutePath().toString(), without.toString());
    assertThat(lineOf(path, STAND_INS.toString(), ""))
        .isEqualTo(
            "failed, driver true: CUDA's natives are not among the program's jars: add io.gradsieve:gradsieve-native with the classifier linux-x86_64-gpu");
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
      for (Path file : files.filter(Files::isRegularFile).toList()) {
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
    return line(libraries, "");
  }

  /** The same of a process that NCCL calls itself this version in. */
  private static String line(String libraries, String nccl, String... arguments) throws Exception {
    return lineOf(System.getProperty("java.class.path"), libraries, nccl, arguments);
  }

  private static String lineOf(String classPath, String libraries, String nccl, String... arguments)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", classPath, Program.class.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put(CudaLibraries.VARIABLE, libraries);
    builder.environment().put("GRADSIEVE_NCCL_VERSION", nccl);
    Process process = builder.start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    assertThat(output).doesNotContain("\n");
    return output;
  }
}
