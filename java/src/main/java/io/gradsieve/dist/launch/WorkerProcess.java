package io.gradsieve.dist.launch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * One worker's process, a direct child. Its standard error goes on to ours line by line; its
 * standard output, a result, is kept. Its standard input stays open as long as this process lives:
 * see {@link ParentWatch}.
 */
final class WorkerProcess {
  /** Bytes of a result that are kept; more is no result. */
  private static final int MOST_OUT = 1 << 20;

  /** For the rest of the output to be read; a process that it started may hold the pipe. */
  private static final long DRAIN_MILLIS = 2_000;

  private final int number;
  private final String label;
  private final String host;
  private final Process process;
  private final LineRelay relay;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final Thread errReader;
  private final Thread outReader;
  private boolean stopped;

  private WorkerProcess(int number, String label, String host, Process process, LineRelay relay) {
    this.number = number;
    this.label = label;
    this.host = host;
    this.process = process;
    this.relay = relay;
    errReader = reader("err", () -> relay.pass(process.getErrorStream()));
    outReader = reader("out", () -> collect(process.getInputStream()));
  }

  /**
   * Starts one.
   *
   * @param number among those of this host, from 0
   * @param label for its lines
   * @param environment variables besides this process's own
   * @param raw whether it may draw
   * @param ended told once, on another thread, when it has ended
   * @throws IOException if the system refuses
   */
  static WorkerProcess start(
      int number,
      String label,
      String host,
      List<String> command,
      Map<String, String> environment,
      Screen screen,
      boolean raw,
      Consumer<WorkerProcess> ended)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    LineRelay relay = new LineRelay(screen, "[" + label + "] ", raw);
    WorkerProcess worker = new WorkerProcess(number, label, host, builder.start(), relay);
    worker.process.onExit().thenAccept(process -> ended.accept(worker));
    return worker;
  }

  private Thread reader(String name, Runnable body) {
    Thread thread = new Thread(body, "gradsieve-" + name + "-" + number);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private void collect(InputStream from) {
    byte[] chunk = new byte[8 << 10];
    try (from) {
      for (int n = from.read(chunk); n >= 0; n = from.read(chunk)) {
        synchronized (out) {
          out.write(chunk, 0, Math.min(n, MOST_OUT - out.size()));
        }
      }
    } catch (IOException e) {
      // the process is gone, and its pipe with it
    }
  }

  int number() {
    return number;
  }

  /** Words for it: which, where, which process. */
  String name() {
    return "%s on %s (process %d)".formatted(label, host, process.pid());
  }

  String label() {
    return label;
  }

  long pid() {
    return process.pid();
  }

  /** SIGTERM. Unlike {@link Process#destroy} this leaves its output open. */
  void ask() {
    process.toHandle().destroy();
  }

  /** SIGKILL. */
  void kill() {
    process.toHandle().destroyForcibly();
  }

  /** Whether it is stopped now. */
  boolean stopped() {
    return stopped;
  }

  /** Looks whether it is stopped; true if that is news. */
  boolean hasJustStopped() {
    boolean before = stopped;
    stopped = process.isAlive() && ProcessState.stopped(process.pid());
    return stopped && !before;
  }

  /** How it ended; waits a little for the rest of its output. */
  Ending ending() {
    long until = System.nanoTime() + DRAIN_MILLIS * 1_000_000;
    for (Thread reader : List.of(errReader, outReader)) {
      try {
        reader.join(Math.max(1, (until - System.nanoTime()) / 1_000_000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    int status = process.exitValue();
    boolean bySignal = status > Ending.SIGNALLED;
    return new Ending(
        number, name(), status, bySignal ? relay.error() : relay.error().or(relay::last));
  }

  /** What it printed as its result so far, without the last line's end. */
  String out() {
    synchronized (out) {
      return out.toString(StandardCharsets.UTF_8).stripTrailing();
    }
  }
}
