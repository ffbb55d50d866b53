package io.gradsieve.bench.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process that trains in windows, and waits in between. Its errors go where ours go. */
final class Side implements AutoCloseable {
  private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");

  private final String name;
  private final Process process;
  private final BufferedReader answers;
  private final Writer requests;
  private final double firstStepSeconds;
  private final double firstLoss;
  private double loss;

  private Side(String name, Process process, long started) throws IOException {
    this.name = name;
    this.process = process;
    answers =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    requests = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.US_ASCII);
    answer();
    window(0, 1);
    firstStepSeconds = (System.nanoTime() - started) * 1e-9;
    firstLoss = loss;
  }

  /**
   * Starts a program with the JVM that runs us, and waits until it has done a first step. Some
   * machines tell OpenBLAS to take its kernels for Haswell; no side hears of it.
   */
  static Side start(String name, int threads, Program program, Allocator allocator)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(
        List.of("-cp", program.classPath(), "-Xmx6g", "-Dslf4j.internal.verbosity=ERROR"));
    command.addAll(program.options());
    command.add(program.main());
    command.addAll(program.arguments());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Map<String, String> environment = builder.environment();
    environment.remove("OPENBLAS_CORETYPE");
    environment.put("OMP_NUM_THREADS", Integer.toString(threads));
    environment.putAll(program.environment());
    allocator.choose(environment);
    long started = System.nanoTime();
    return new Side(name, builder.start(), started);
  }

  /** Samples/s of a window of at least so many seconds and steps. */
  double window(double seconds, int steps) throws IOException {
    requests.write(seconds + " " + steps + "\n");
    requests.flush();
    String[] words = answer().split(" ", -1);
    loss = Double.parseDouble(words[2]);
    return Long.parseLong(words[0]) / Double.parseDouble(words[1]);
  }

  /**
   * The loss at the end of the last window.
   *
   * @throws IOException if it has not fallen since the first step
   */
  double loss() throws IOException {
    if (!(loss < firstLoss)) {
      throw new IOException(
          "%s does not learn: its loss was %.3f at first and is %.3f"
              .formatted(name, firstLoss, loss));
    }
    return loss;
  }

  /** From the start of the process, its JVM included, to the end of its first step. */
  double firstStepSeconds() {
    return firstStepSeconds;
  }

  /** What the process has used of the cores, all its threads together, those that ended too. */
  double cpuSeconds() throws IOException {
    Duration used =
        process
            .info()
            .totalCpuDuration()
            .orElseThrow(() -> new IOException(name + ": the system does not tell its CPU time"));
    return used.toNanos() * 1e-9;
  }

  /** Most memory the process has held, MiB; data set and Java's heap included. */
  double peakMebibytes() throws IOException {
    String status = Files.readString(Path.of("/proc", Long.toString(process.pid()), "status"));
    Matcher peak = PEAK.matcher(status);
    if (!peak.find()) {
      throw new IOException(name + ": the system does not tell its peak memory");
    }
    return Long.parseLong(peak.group(1)) / 1024.0;
  }

  private String answer() throws IOException {
    String line = answers.readLine();
    if (line == null) {
      throw new IOException(name + " ended unexpectedly; its own message stands above");
    }
    return line;
  }

  /** Ends the process and waits for its end: the next has its memory and its cores. */
  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
