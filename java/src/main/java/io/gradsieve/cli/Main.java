package io.gradsieve.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The program. */
public final class Main {
  private Main() {}

  /** Ends the process with the exit code of the README. */
  public static void main(String[] arguments) {
    PrintStream out = stream(FileDescriptor.out);
    PrintStream err = stream(FileDescriptor.err);
    Map<String, String> environment = System.getenv();
    int exitCode = new Program(out, err, environment, terminal(environment)).run(arguments);
    err.flush();
    System.exit(exitCode);
  }

  private static PrintStream stream(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }

  /** Whether standard error is a terminal that understands a carriage return. */
  private static boolean terminal(Map<String, String> environment) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      boolean device = target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
      return device && !"dumb".equals(environment.get("TERM"));
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }
}
