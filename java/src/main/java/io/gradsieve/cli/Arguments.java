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
  static final String DASHES = "--";
  private static final String BEHIND_DASHES = DASHES;

  static final Arguments NONE = new Arguments("", "", List.of());

  /** At most one, of these. */
  static Arguments oneOf(List<String> choices) {
    return new Arguments(String.join("|", choices), "0..1", choices);
  }

  /** A whole command, behind {@code --}. */
  static Arguments command() {
    return new Arguments("COMMAND", BEHIND_DASHES, List.of(DASHES));
  }

  /** Any number of paths. */
  static Arguments several(String label) {
    return new Arguments(label, "0..*", List.of());
  }

  /** Whether they are a command behind {@code --}, whose options are not looked at here. */
  boolean behindDashes() {
    return arity.equals(BEHIND_DASHES);
  }

  boolean any() {
    return !arity.isEmpty();
  }

  /** Whether they are paths. */
  boolean paths() {
    return any() && choices.isEmpty();
  }
}
