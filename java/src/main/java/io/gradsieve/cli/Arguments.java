package io.gradsieve.cli;

import java.util.List;

/**
 * The positional arguments of a command.
 *
 * @param label what help shows for them
 * @param arity how many, as picocli writes it; empty: none
 * @param choices the only ones allowed, for completion; empty: files and directories
 */
record Arguments(String label, String arity, List<String> choices) {
  static final Arguments NONE = new Arguments("", "", List.of());

  /** At most one, of these. */
  static Arguments oneOf(List<String> choices) {
    return new Arguments(String.join("|", choices), "0..1", choices);
  }

  /** Any number of paths. */
  static Arguments several(String label) {
    return new Arguments(label, "0..*", List.of());
  }

  boolean any() {
    return !arity.isEmpty();
  }

  /** Whether they are paths. */
  boolean paths() {
    return any() && choices.isEmpty();
  }
}
