package io.gradsieve.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** The program. */
public final class Main {
  private Main() {}

  /** Ends the process with the exit code of the README. */
  public static void main(String[] arguments) {
    PrintStream out = stream(FileDescriptor.out);
    PrintStream err = stream(FileDescriptor.err);
    Map<String, String> environment = System.getenv();
    boolean terminal = Terminal.STANDARD_ERROR.present() && !"dumb".equals(environment.get("TERM"));
    int exitCode = new Program(out, err, environment, terminal).run(CommandLineText.of(arguments));
    err.flush();
    System.exit(exitCode);
  }

  private static PrintStream stream(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }
}
