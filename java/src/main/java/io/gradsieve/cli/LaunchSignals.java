package io.gradsieve.cli;

import io.gradsieve.dist.launch.Launch;
import java.util.LinkedHashMap;
import java.util.Map;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** SIGINT, SIGTERM and SIGHUP while workers run go to {@link Launch#signal}. */
final class LaunchSignals implements AutoCloseable {
  private final Map<Signal, SignalHandler> before = new LinkedHashMap<>();

  private LaunchSignals() {}

  static LaunchSignals to(Launch launch) {
    LaunchSignals signals = new LaunchSignals();
    for (String name : new String[] {"INT", "TERM", "HUP"}) {
      try {
        Signal signal = new Signal(name);
        SignalHandler handler = got -> launch.signal(got.getNumber());
        signals.before.put(signal, Signal.handle(signal, handler));
      } catch (IllegalArgumentException e) {
        // A JVM started with -Xrs keeps its signals: they end the process, and so its workers.
      }
    }
    return signals;
  }

  @Override
  public void close() {
    before.forEach(Signal::handle);
  }
}
