package io.gradsieve.cli;

import io.gradsieve.GradsieveException;
import java.util.List;
import java.util.Map;

/** {@code completion}. */
final class CompletionCommand {
  static final List<String> SHELLS = List.of("bash", "zsh", "fish");

  private CompletionCommand() {}

  static Outcome run(Invocation invocation) {
    if (invocation.arguments().isEmpty()) {
      throw new GradsieveException.Usage(
          "completion: which shell? One of " + String.join(", ", SHELLS));
    }
    String shell = invocation.arguments().get(0);
    String script =
        switch (shell) {
          case "bash" -> CompletionScripts.bash();
          case "zsh" -> CompletionScripts.zsh();
          case "fish" -> CompletionScripts.fish();
          default -> throw GradsieveException.Usage.unknown("shell", shell, SHELLS);
        };
    return Outcome.of(script.stripTrailing(), Map.of("shell", shell, "script", script));
  }
}
