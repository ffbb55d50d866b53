package io.gradsieve.cli;

import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingEvent;
import io.gradsieve.train.TrainingListener;
import java.util.LinkedHashMap;
import java.util.Map;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * SIGINT and SIGTERM while a network trains: finish the step, save, return. Until training starts
 * and after it ends they do what they always do. A second signal, or {@value #PATIENCE_SECONDS}
 * seconds, end the process at once.
 */
final class Signals implements TrainingListener, AutoCloseable {
  private static final int PATIENCE_SECONDS = 25;

  /** The exit code of a process that a signal ended is this and the signal's number. */
  static final int SIGNALLED = 128;

  private final StopRequest stop;
  private final Map<Signal, SignalHandler> before = new LinkedHashMap<>();

  private Signals(StopRequest stop) {
    this.stop = stop;
  }

  static Signals to(StopRequest stop) {
    return new Signals(stop);
  }

  @Override
  public void runStarted(TrainingEvent.RunStarted event) {
    for (String name : new String[] {"INT", "TERM"}) {
      try {
        Signal signal = new Signal(name);
        // Of several trainings in a row, the first finds what was there.
        before.putIfAbsent(signal, Signal.handle(signal, this::handle));
      } catch (IllegalArgumentException e) {
        // A JVM started with -Xrs keeps its signals: they end the process as without us.
      }
    }
  }

  private void handle(Signal signal) {
    if (stop.asked()) {
      Runtime.getRuntime().halt(SIGNALLED + signal.getNumber());
    }
    stop.stop(signal.getNumber());
    Thread patience = new Thread(() -> end(signal), "gradsieve-patience");
    patience.setDaemon(true);
    patience.start();
  }

  private static void end(Signal signal) {
    try {
      Thread.sleep(PATIENCE_SECONDS * 1000L);
      Runtime.getRuntime().halt(SIGNALLED + signal.getNumber());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    before.forEach(Signal::handle);
  }
}
