package io.gradsieve.cli;

import io.gradsieve.config.Options;
import io.gradsieve.config.ProgressForm;
import io.gradsieve.config.Settings;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;

/**
 * One call of a command.
 *
 * @param arguments positional ones
 * @param err standard error
 * @param terminal whether standard error is one
 */
record Invocation(
    Settings settings,
    List<String> arguments,
    PrintStream err,
    boolean terminal,
    Map<String, String> environment) {

  /** A line about what is going on; nothing under {@code --quiet}. */
  void note(String line) {
    if (!settings.get(Options.QUIET)) {
      err.println(line);
    }
  }

  /** A line on how far the work is; nothing under {@code --progress none} either. */
  void progress(String line) {
    if (settings.get(Options.PROGRESS) != ProgressForm.NONE) {
      note(line);
    }
  }

  /** A line about what may surprise; nothing under {@code --quiet}. */
  void warn(String line) {
    note("warning: " + line);
  }
}
