package io.gradsieve.dist.launch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the system says a process does. */
final class ProcessState {
  private ProcessState() {}

  /** Whether a signal stopped it (SIGSTOP, Ctrl-Z); a debugger counts too. */
  static boolean stopped(long pid) {
    try {
      byte[] bytes = Files.readAllBytes(Path.of("/proc", Long.toString(pid), "stat"));
      return stopped(new String(bytes, StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      return false; // gone, or no such system
    }
  }

  /** The state follows the program's name, which may hold anything, also a parenthesis. */
  static boolean stopped(String stat) {
    int end = stat.lastIndexOf(')');
    return end >= 0
        && stat.length() > end + 2
        && (stat.charAt(end + 2) == 'T' || stat.charAt(end + 2) == 't');
  }
}
