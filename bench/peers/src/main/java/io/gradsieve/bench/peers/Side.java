package io.gradsieve.bench.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process that trains in windows, and waits in between. Its errors go where ours go. */
final class Side implements AutoCloseable {
  private static final int SETTLE_MILLIS = 300;
  private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");

  private final String name;
  private final Process process;
  private final BufferedReader answers;
  private final Writer requests;
  private final double firstStepSeconds;
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
    firstStepSeconds = (System.nanoTime() - started) * 1e-9 - SETTLE_MILLIS * 1e-3;
  }

  /** Starts a program with the JVM that runs us, and waits until it has done a first step. */
  static Side start(String name, int threads, Program program) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(List.of("-cp", program.classPath(), "-Xmx6g"));
    command.addAll(program.options());
    command.add(program.main());
    command.addAll(program.arguments());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Map<String, String> environment = builder.environment();
    environment.put("OMP_NUM_THREADS", Integer.toString(threads));
    long started = System.nanoTime();
    return new Side(name, builder.start(), started);
  }

  /** OpenMP's threads spin for up to 200 ms after their last loop: not in the other's window. */
  private static void settle() throws IOException {
    try {
      TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted between two windows");
    }
  }

  /** Samples/s of a window of at least so many seconds and steps. */
  double window(double seconds, int steps) throws IOException {
    settle();
    requests.write(seconds + " " + steps + "\n");
    requests.flush();
    String[] words = answer().split(" ", -1);
    loss = Double.parseDouble(words[2]);
    return Long.parseLong(words[0]) / Double.parseDouble(words[1]);
  }

  /** The loss at the end of the last window. */
  double loss() {
    return loss;
  }

  /** From the start of the process, its JVM included, to the end of its first step. */
  double firstStepSeconds() {
    return firstStepSeconds;
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

  @Override
  public void close() {
    process.destroy();
  }
}
