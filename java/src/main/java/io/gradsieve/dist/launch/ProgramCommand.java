package io.gradsieve.dist.launch;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line that starts this program anew, with the same Java, flags and classes. */
public final class ProgramCommand {
  private static final String MAIN = "io.gradsieve.cli.Main";
  private static final Path SHELL = Path.of("/bin/sh");

  /** Flags of one process: a port that only one can have, or a file that each would write over. */
  private static final List<String> OF_ONE =
      List.of("-agentlib:jdwp", "-Xrunjdwp", "-Dcom.sun.management.jmxremote", "-Xlog", "-Xloggc");

  private ProgramCommand() {}

  /** The command that runs this program with these arguments. */
  public static List<String> of(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (OF_ONE.stream().noneMatch(flag::startsWith)) {
        command.add(flag);
      }
    }
    command.addAll(classes(System.getProperty("java.class.path"), started()));
    command.addAll(arguments);
    return command;
  }

  private static String started() {
    return System.getProperty("sun.java.command", "");
  }

  /** A jar that was started as one stays one: its manifest counts. */
  static List<String> classes(String classPath, String started) {
    boolean jar =
        !classPath.contains(File.pathSeparator)
            && classPath.endsWith(".jar")
            && started.startsWith(classPath);
    return jar ? List.of("-jar", classPath) : List.of("-cp", classPath, MAIN);
  }

  /**
   * The same, started so that a terminal's Ctrl-C and its closing do not reach it: whoever started
   * it asks it to end. Java keeps a signal ignored that was so when it began. The process stays a
   * direct child. Without a shell the command itself.
   */
  static List<String> shielded(List<String> command) {
    if (!Files.isExecutable(SHELL)) {
      return command;
    }
    List<String> all =
        new ArrayList<>(List.of(SHELL.toString(), "-c", "trap '' INT HUP; exec \"$@\"", "sh"));
    all.addAll(command);
    return all;
  }
}
