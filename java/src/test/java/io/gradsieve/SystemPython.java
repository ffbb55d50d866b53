package io.gradsieve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The system's Python, where Debian's packages of modules live. */
public final class SystemPython {
  private static final Path PYTHON = Path.of("/usr/bin/python3");

  private SystemPython() {}

  /** Whether modules, separated by commas, are there. */
  public static boolean has(String modules) throws IOException, InterruptedException {
    return Files.isExecutable(PYTHON)
        && new ProcessBuilder(PYTHON.toString(), "-c", "import " + modules)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor()
            == 0;
  }

  /**
   * Runs a script of src/test/python on a directory; one that fails fails the test with what it
   * printed.
   */
  public static void run(String script, Path directory) throws IOException, InterruptedException {
    Path log = directory.resolve(script + ".log");
    List<String> command =
        List.of(
            PYTHON.toString(), Path.of("src/test/python", script).toString(), directory.toString());
    int status =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start()
            .waitFor();
    assertThat(status).as(Files.readString(log)).isZero();
  }
}
