package io.gradsieve.dist.rendezvous;

import java.util.ArrayList;
import java.util.List;

/** A process: runs, is stopped (nothing happens, connections stay), or is dead. */
class SimulatedProcess {
  final Simulation simulation;
  final int host;
  final List<SimulatedNetwork.End> ends = new ArrayList<>();

  private final List<Runnable> inbox = new ArrayList<>();
  private boolean stopped;
  private boolean dead;

  SimulatedProcess(Simulation simulation, int host) {
    this.simulation = simulation;
    this.host = host;
  }

  boolean dead() {
    return dead;
  }

  /** Does it now, or when it runs again, or never. */
  final void post(Runnable what) {
    if (stopped) {
      inbox.add(what);
    } else if (!dead) {
      what.run();
    }
  }

  final void after(long millis, Runnable what) {
    simulation.after(millis, () -> post(what));
  }

  final void stop() {
    stopped = true;
  }

  final void resume() {
    stopped = false;
    List<Runnable> missed = List.copyOf(inbox);
    inbox.clear();
    missed.forEach(this::post);
  }

  /** Ends it; its kernel closes its connections. */
  final void kill() {
    dead = true;
    stopped = false;
    inbox.clear();
    List.copyOf(ends).forEach(SimulatedNetwork.End::close);
  }
}
