package io.gradsieve.dist.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProgramCommandTest {
  @Test
  void aJarStaysAJar() {
    assertThat(ProgramCommand.classes("lib/engine.jar", "lib/engine.jar launch --workers 2"))
        .containsExactly("-jar", "lib/engine.jar");
    assertThat(ProgramCommand.classes("engine.jar", "io.gradsieve.cli.Main launch"))
        .containsExactly("-cp", "engine.jar", "io.gradsieve.cli.Main");
    assertThat(ProgramCommand.classes("engine.jar:more.jar", "io.gradsieve.cli.Main launch"))
        .containsExactly("-cp", "engine.jar:more.jar", "io.gradsieve.cli.Main");
  }

  @Test
  void theSameJavaRunsTheSameProgram() {
    List<String> command = ProgramCommand.of(List.of("train", "--epochs", "3"));
    assertThat(command.get(0)).startsWith(System.getProperty("java.home")).endsWith("/java");
    assertThat(command).endsWith("train", "--epochs", "3").contains("-cp");
  }

  @Test
  void aShieldedCommandIsTheSameProcessAndIgnoresWhatATerminalSends() throws Exception {
    List<String> command =
        ProgramCommand.shielded(
            List.of("/bin/sh", "-c", "kill -INT $$; kill -HUP $$; echo \"$1 $$\"", "sh", "a b"));
    Process process = new ProcessBuilder(command).start();
    String out = new String(process.getInputStream().readAllBytes());
    assertThat(out).isEqualTo("a b " + process.pid() + "\n");
  }
}
