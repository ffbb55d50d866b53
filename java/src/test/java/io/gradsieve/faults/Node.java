package io.gradsieve.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.cli.Main;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/** A {@code launch} of one worker on a host, and what it printed. */
final class Node {
  private static final long LOOK_NANOS = 2_000_000;

  /** The directory of the classes that are tested. */
  private static final Path PROGRAM = program();

  private final Process launch;
  private final Path output;

  private Node(Process launch, Path output) {
    this.launch = launch;
    this.output = output;
  }

  /**
   * Runs our command line.
   *
   * @param on the beginning of a command line that runs on a host; empty: here
   */
  static Node start(List<String> on, Path directory, List<String> arguments) throws IOException {
    return start(on, directory, PROGRAM, arguments);
  }

  /** The same of another build. */
  static Node start(List<String> on, Path directory, Path program, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>(on);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp"));
    command.add(program + File.pathSeparator + System.getProperty("java.class.path"));
    command.add("io.gradsieve.cli.Main");
    command.addAll(arguments);
    Path output = Files.createTempFile(directory, "node-", ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .directory(directory.toFile())
            .start();
    return new Node(process, output);
  }

  /** A jar of the classes that are tested: workers take it for another build of them. */
  static Path jar(Path file) throws IOException {
    try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(file));
        Stream<Path> classes = Files.walk(PROGRAM)) {
      for (Path path : classes.filter(Files::isRegularFile).toList()) {
        jar.putNextEntry(new JarEntry(PROGRAM.relativize(path).toString()));
        Files.copy(path, jar);
      }
    }
    return file;
  }

  private static Path program() {
    try {
      return Path.of(Main.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  /** What it and its worker have printed. */
  String text() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Waits until something is so, for some time; {@code what} describes it. */
  static void await(String what, Duration longest, BooleanSupplier so) {
    long end = System.nanoTime() + longest.toNanos();
    while (!so.getAsBoolean()) {
      assertThat(System.nanoTime() - end).as(what).isNegative();
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  void awaitText(String part, Duration longest) {
    await(part, longest, () -> text().contains(part) || !launch.isAlive());
    assertThat(text()).contains(part);
  }

  /** Lets it go on for so long. */
  void goesOn(Duration during) throws InterruptedException {
    assertThat(launch.waitFor(during.toMillis(), TimeUnit.MILLISECONDS)).as(text()).isFalse();
  }

  /** Its exit code, once it and all it started have ended. */
  int ended(Duration longest) throws InterruptedException {
    boolean ended = launch.waitFor(longest.toSeconds(), TimeUnit.SECONDS);
    assertThat(ended).as("has ended:\n%s", text()).isTrue();
    return launch.exitValue();
  }

  ProcessHandle launch() {
    return launch.toHandle();
  }

  /** The worker's process. */
  ProcessHandle worker() {
    return launch
        .descendants()
        .filter(Node::isWorker)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no worker lives:\n" + text()));
  }

  /** Its whole command line, which {@link ProcessHandle.Info} cuts. */
  static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"))
          .replace('\0', ' ');
    } catch (IOException e) {
      return ""; // it has just ended
    }
  }

  /** Waits until no process has the directory in its command line. */
  static void noneLeft(Path directory, Duration longest) {
    await(
        "no process with " + directory + " in its command",
        longest,
        () ->
            ProcessHandle.allProcesses()
                .noneMatch(process -> commandLine(process).contains(directory.toString())));
  }

  private static boolean isWorker(ProcessHandle process) {
    String line = commandLine(process);
    return line.contains("cli.Main train") && line.startsWith(System.getProperty("java.home"));
  }

  /** Sends a signal by its name. */
  static void signal(ProcessHandle process, String name) throws IOException, InterruptedException {
    kill(name, Long.toString(process.pid()));
  }

  /** Sends it to all of a process group. */
  static void signalGroup(ProcessHandle leader, String name)
      throws IOException, InterruptedException {
    kill(name, "-" + leader.pid());
  }

  private static void kill(String name, String whom) throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + name, "--", whom).start();
    assertThat(kill.waitFor(5, TimeUnit.SECONDS)).isTrue();
    assertThat(kill.exitValue()).isZero();
  }

  void destroy() {
    List<ProcessHandle> all = launch.descendants().toList();
    launch.destroyForcibly();
    all.forEach(ProcessHandle::destroyForcibly);
  }
}
