package io.gradsieve.bench.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process that trains in windows, and waits in between. Its errors go where ours go. */
final class Side implements AutoCloseable {
  private final String name;
  private final Process process;
  private final BufferedReader answers;
  private final Writer requests;
  private double loss;

  private Side(String name, Process process) throws IOException {
    this.name = name;
    this.process = process;
    answers =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    requests = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.US_ASCII);
    answer();
  }

  /**
   * Starts {@code program} of this class path with the JVM that runs us, and waits until it is
   * ready.
   */
  static Side start(String name, int threads, Class<?> program, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "-Xmx6g"));
    command.add("-Dai.djl.offline=true");
    command.add("-Dai.djl.pytorch.num_threads=" + threads);
    command.add("-Dai.djl.pytorch.num_interop_threads=1");
    command.add("-Dai.djl.pytorch.graph_optimizer=false");
    command.add(program.getName());
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Map<String, String> environment = builder.environment();
    environment.put("OMP_NUM_THREADS", Integer.toString(threads));
    return new Side(name, builder.start());
  }

  /** OpenMP's threads spin for up to 200 ms after their last loop: not in the other's window. */
  private static void settle() throws IOException {
    try {
      TimeUnit.MILLISECONDS.sleep(300);
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
