package io.gradsieve.dist.launch;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * The worker's side of {@link Launch}: its standard input is a pipe that launch holds open and
 * never writes to. The pipe's end is launch's end, however it came: no worker goes on alone.
 */
public final class ParentWatch {
  /** Tells a worker that its standard input is such a pipe. */
  public static final String VARIABLE = "GRADSIEVE_LAUNCH_PIPE";

  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int EXIT_CODE = 143;

  private ParentWatch() {}

  /**
   * Watches, if this process was started by launch, on a thread of its own. When launch is gone,
   * calls {@code gone}, which asks for the end; after 5 s the process is halted.
   *
   * @param environment the process's variables
   * @return whether it watches
   */
  public static boolean start(Map<String, String> environment, Runnable gone) {
    return start(environment, System.in, gone, PATIENCE, Runtime.getRuntime()::halt);
  }

  static boolean start(
      Map<String, String> environment,
      InputStream pipe,
      Runnable gone,
      Duration patience,
      IntConsumer halt) {
    if (!"1".equals(environment.get(VARIABLE))) {
      return false;
    }
    Thread thread = new Thread(() -> watch(pipe, gone, patience, halt), "gradsieve-parent-watch");
    thread.setDaemon(true);
    thread.start();
    return true;
  }

  private static void watch(InputStream pipe, Runnable gone, Duration patience, IntConsumer halt) {
    try {
      while (pipe.read() >= 0) {
        // nothing is said on it
      }
    } catch (IOException e) {
      // as good as its end
    }
    Thread asking = new Thread(gone, "gradsieve-parent-gone"); // may itself hang
    asking.setDaemon(true);
    asking.start();
    try {
      Thread.sleep(patience.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    halt.accept(EXIT_CODE);
  }
}
