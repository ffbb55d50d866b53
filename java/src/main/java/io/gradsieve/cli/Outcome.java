package io.gradsieve.cli;

import java.util.Map;

/**
 * What a command prints on standard output, in one of two forms.
 *
 * @param exitCode 0, or 130 and 143 after a signal
 * @param text for people; ends without a line break
 * @param fields for {@code --json}, without schema, command and exit
 */
record Outcome(int exitCode, String text, Map<String, ?> fields) {
  /** Of a process that leaves it to another one to speak. */
  static Outcome silent(int exitCode) {
    return new Outcome(exitCode, "", Map.of());
  }

  /** Whether there is nothing to print, in either form. */
  boolean isSilent() {
    return text.isEmpty() && fields.isEmpty();
  }

  static Outcome of(String text, Map<String, ?> fields) {
    return new Outcome(0, text, fields);
  }
}
