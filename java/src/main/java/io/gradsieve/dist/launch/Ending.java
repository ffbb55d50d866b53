package io.gradsieve.dist.launch;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How a worker's process ended.
 *
 * @param worker its number on this host, from 0
 * @param name for messages: rank, host and process id
 * @param status exit code; of a process that a signal ended, 128 and the signal's number
 * @param error the last error it printed, if any
 */
record Ending(int worker, String name, int status, Optional<String> error) {
  /** The status of a process that a signal ended is this and the signal's number. */
  static final int SIGNALLED = 128;

  private static final Map<Integer, String> SIGNALS =
      Map.ofEntries(
          Map.entry(1, "SIGHUP"),
          Map.entry(2, "SIGINT"),
          Map.entry(3, "SIGQUIT"),
          Map.entry(4, "SIGILL"),
          Map.entry(6, "SIGABRT"),
          Map.entry(7, "SIGBUS"),
          Map.entry(8, "SIGFPE"),
          Map.entry(9, "SIGKILL"),
          Map.entry(11, "SIGSEGV"),
          Map.entry(13, "SIGPIPE"),
          Map.entry(15, "SIGTERM"),
          Map.entry(24, "SIGXCPU"));

  /** Whether it stopped because it was asked to, or another one of the job was. */
  boolean isStop() {
    return Set.of(2, 15).contains(status - SIGNALLED);
  }

  /** Its end, without its name. */
  String how() {
    String signal = SIGNALS.get(status - SIGNALLED);
    if (isStop()) {
      return "was asked to stop (%s)".formatted(signal); // and mostly has saved before
    }
    return signal == null
        ? "ended with exit code " + status
        : "was ended by signal %d (%s)".formatted(status - SIGNALLED, signal);
  }

  /** One line: who, how, and what it said last. */
  @Override
  public String toString() {
    return name + " " + how() + error.map(": "::concat).orElse("");
  }
}
