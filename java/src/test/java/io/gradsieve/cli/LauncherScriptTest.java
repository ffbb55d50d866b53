package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The script that the build leaves beside engine.jar, with Javas that say what they were given. */
class LauncherScriptTest {
  private static final Path SCRIPT = Path.of("src/engine/gradsieve");

  @TempDir Path directory;
  private Path script;

  @BeforeEach
  void copyScript() throws IOException {
    script = executable(directory.resolve("a b/gradsieve"), Files.readString(SCRIPT));
    Files.writeString(script.resolveSibling("engine.jar"), "");
  }

  private static Path executable(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** A Java home; its version stands in its {@code release} or is what it prints. */
  private Path java(String name, String version, boolean release) throws IOException {
    Path home = directory.resolve(name);
    executable(
        home.resolve("bin/java"),
        """
        #!/bin/sh
        [ "$1" = -version ] && { echo 'openjdk version "%s" 2026-01-01' >&2; exit; }
        printf '<%%s>' %s "$@"
        exit 5
        """
            .formatted(version, name));
    if (release) {
      Files.writeString(
          home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"%s\"\n".formatted(version));
    }
    return home;
  }

  private JavaProcess run(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "exec \"$0\" \"$@\""));
    command.add(script.toString());
    command.addAll(List.of(arguments));
    return JavaProcess.run(directory, environment, command);
  }

  private static Map<String, String> home(Path home) {
    return Map.of("JAVA_HOME", home.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"17", "17.0.12", "21.0.1", "26-ea"})
  void argumentsAndExitCodeGoThrough(String version) throws IOException, InterruptedException {
    for (boolean release : new boolean[] {true, false}) {
      JavaProcess run = run(home(java("good", version, release)), "train", "--id", "a b", "", "*");
      assertThat(run.out())
          .isEqualTo(
              "<good><-jar><%s><train><--id><a b><><*>"
                  .formatted(script.resolveSibling("engine.jar").toRealPath()));
      assertThat(run.exitCode()).isEqualTo(5);
    }
  }

  @Test
  void aLinkToItIsFollowed() throws IOException, InterruptedException {
    Path link = Files.createSymbolicLink(directory.resolve("link"), script);
    script = link;
    assertThat(run(home(java("good", "17.0.1", true)), "doctor").out())
        .isEqualTo(
            "<good><-jar><%s><doctor>".formatted(directory.toRealPath().resolve("a b/engine.jar")));
  }

  @Test
  void oneThatIsTooOldIsPassedOver() throws IOException, InterruptedException {
    Path good = java("good", "17.0.1", true);
    for (String version : List.of("1.8.0_402", "11.0.2", "16")) {
      Path old = java("old", version, true);
      JavaProcess run =
          run(
              Map.of("JAVA_HOME", old.toString(), "PATH", good.resolve("bin") + ":/usr/bin:/bin"),
              "--version");
      assertThat(run.out()).startsWith("<good>");
    }
  }

  @Test
  void withoutAnEngineItSaysHowToBuildOne() throws IOException, InterruptedException {
    Files.delete(script.resolveSibling("engine.jar"));
    JavaProcess run = run(home(java("good", "17.0.1", true)), "train");
    assertThat(run.exitCode()).isEqualTo(4);
    assertThat(run.out().lines()).hasSize(1);
    assertThat(run.out()).startsWith("error: ").contains("engine.jar", "mvn");
  }

  @Test
  void withoutAJavaThatIsNewEnoughItIsOneLineAndExitFour()
      throws IOException, InterruptedException {
    // Java may lie where the script looks by itself: there it looks in an empty place.
    String text = Files.readString(script).replace("/usr/lib/jvm/", directory + "/none/");
    executable(script, text);
    Path tools = directory.resolve("tools");
    for (String tool : List.of("dirname", "readlink", "sed")) {
      executable(
          tools.resolve(tool), "#!/bin/sh\nPATH=/usr/bin:/bin\nexec %s \"$@\"\n".formatted(tool));
    }
    JavaProcess none = run(Map.of("JAVA_HOME", "", "PATH", tools.toString()), "train");
    assertThat(none.exitCode()).isEqualTo(4);
    assertThat(none.out().lines()).hasSize(1);
    assertThat(none.out()).startsWith("error: Java 17 or newer is needed, and there is none");
    Path old = java("old", "11.0.2", true);
    JavaProcess tooOld =
        run(Map.of("JAVA_HOME", old.toString(), "PATH", tools.toString()), "train");
    assertThat(tooOld.exitCode()).isEqualTo(4);
    assertThat(tooOld.out().lines()).hasSize(1);
    assertThat(tooOld.out()).contains("old/bin/java is Java 11");
  }
}
