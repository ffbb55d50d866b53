package io.gradsieve.natives;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loads the library in processes of their own, as a user's machine would. */
class NativeLibraryTest {
  private static final int PROCESSES = 8;

  @TempDir Path directory;

  /** The program of the child processes: one line, what became of loading. */
  static final class Program {
    public static void main(String[] arguments) {
      LoadResult result = NativeLibrary.load();
      if (result instanceof LoadResult.Loaded loaded) {
        NativeException.check(CpuLibrary.gs_open(null));
        new Conv2dShape().close();
        System.out.println("loaded from " + loaded.directory() + " after " + loaded.refusals());
      } else if (result instanceof LoadResult.Failed failed) {
        System.out.println("failed: " + failed.reason());
      }
    }
  }

  /** A library built on a newer system may ask for more, which is fine where it was built. */
  @Test
  void theLibraryAsksForNoNewerSystemThanPromised() throws Exception {
    Assumptions.assumeTrue("true".equals(System.getenv("CI")), "only of what is handed out");
    Path library =
        NativeLibrary.unpack(directory.resolve("unpacked")).get(0).resolve("libgradsieve.so");
    String bytes = Files.readString(library, StandardCharsets.ISO_8859_1);
    String newest =
        Pattern.compile("GLIBC_2\\.(\\d+)")
            .matcher(bytes)
            .results()
            .max(Comparator.comparingInt(match -> Integer.parseInt(match.group(1))))
            .orElseThrow()
            .group();
    assertThat(NativeLibrary.REQUIREMENT).contains("glibc 2.35");
    assertThat(newest).isLessThanOrEqualTo("GLIBC_2.35");
  }

  @Test
  void theFirstDirectoryIsTheChosenOne() throws Exception {
    Path chosen = directory.resolve("a/b");
    assertThat(line(start(Map.of("GRADSIEVE_NATIVE_DIR", chosen.toString()))))
        .startsWith("loaded from " + chosen)
        .endsWith("after []");
    assertThat(Files.getPosixFilePermissions(chosen))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void anUnusableDirectoryIsPassedOverWithItsReason() throws Exception {
    Path file = Files.createFile(directory.resolve("file"));
    Path cache = directory.resolve("cache");
    String line =
        line(
            start(
                Map.of(
                    "GRADSIEVE_NATIVE_DIR", file.resolve("below").toString(),
                    "XDG_CACHE_HOME", cache.toString())));
    assertThat(line)
        .startsWith("loaded from " + cache.resolve("gradsieve/native"))
        .contains("is not a directory");
  }

  @Test
  void aDirectoryThatOthersCanWriteToIsNotTrusted() throws Exception {
    Path open = Files.createDirectory(directory.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path cache = directory.resolve("cache");
    String line =
        line(
            start(
                Map.of(
                    "GRADSIEVE_NATIVE_DIR", open.toString(), "XDG_CACHE_HOME", cache.toString())));
    assertThat(line).startsWith("loaded from " + cache).contains("others can write to it");
    assertThat(open).isEmptyDirectory();
  }

  @Test
  void withoutAnyUsableDirectoryThereIsOneClearLine() throws Exception {
    Path file = Files.createFile(directory.resolve("file"));
    Process process =
        start(
            Map.of("GRADSIEVE_NATIVE_DIR", file.toString(), "XDG_CACHE_HOME", file.toString()),
            "-Djava.io.tmpdir=" + file);
    assertThat(line(process))
        .startsWith("failed: the native library cannot be loaded: " + file)
        .contains("set GRADSIEVE_NATIVE_DIR");
  }

  @Test
  void eightProcessesAtOnceOnAnEmptyCacheAllRun() throws Exception {
    Path shared = directory.resolve("shared");
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < PROCESSES; i++) {
      processes.add(start(Map.of("GRADSIEVE_NATIVE_DIR", shared.toString())));
    }
    for (Process process : processes) {
      assertThat(line(process)).startsWith("loaded from " + shared);
    }
    try (var children = Files.list(shared)) {
      assertThat(children).as("one bundle, no leftovers").hasSize(1);
    }
  }

  @Test
  void aDirectoryMountedNoexecIsPassedOver() throws Exception {
    Path noexec = Files.createDirectory(directory.resolve("noexec"));
    Path cache = directory.resolve("cache");
    String mount = "mount -t tmpfs -o noexec,mode=700 tmpfs " + noexec + " && exec \"$@\"";
    Process probe =
        new ProcessBuilder("unshare", "--mount", "sh", "-c", mount, "sh", "true").start();
    Assumptions.assumeTrue(probe.waitFor() == 0, "mounting needs root: " + noexec);
    List<String> command = new ArrayList<>(List.of("unshare", "--mount", "sh", "-c", mount, "sh"));
    command.addAll(java());
    String line =
        line(
            start(
                command,
                Map.of(
                    "GRADSIEVE_NATIVE_DIR", noexec.toString(),
                    "XDG_CACHE_HOME", cache.toString())));
    assertThat(line).startsWith("loaded from " + cache).contains("mounted noexec");
  }

  @Test
  void aUserWithoutAHomeGetsNoDirectoryWhereTheProgramRuns() throws Exception {
    Path here = Files.createDirectory(directory.resolve("here"));
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", "cd " + here + " && exec \"$@\"", "sh"));
    command.addAll(java("-Duser.home=?", "-Djava.io.tmpdir=" + directory));
    assertThat(line(start(command, Map.of("XDG_CACHE_HOME", ""))))
        .startsWith("loaded from " + directory.resolve("gradsieve-native-"));
    assertThat(here).isEmptyDirectory();
  }

  @Test
  void aTruncatedLibraryInTheCacheIsNoCrash() throws Exception {
    Path chosen = directory.resolve("chosen");
    Map<String, String> environment = Map.of("GRADSIEVE_NATIVE_DIR", chosen.toString());
    line(start(environment));
    try (var files = Files.walk(chosen)) {
      for (Path library : files.filter(f -> f.toString().contains(".so")).toList()) {
        Files.write(library, new byte[100]);
      }
    }
    assertThat(line(start(environment))).startsWith("loaded from " + chosen);
  }

  private static List<String> java(String... options) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
    return command;
  }

  private static Process start(Map<String, String> environment, String... options)
      throws IOException {
    return start(java(options), environment);
  }

  private static Process start(List<String> command, Map<String, String> environment)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().remove("GRADSIEVE_NATIVE_DIR");
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** All a process printed, one line; waits for its end. */
  private static String line(Process process) throws Exception {
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(output).doesNotContain("\n");
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }
}
