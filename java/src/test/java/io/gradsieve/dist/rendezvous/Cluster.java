package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Peer;
import io.gradsieve.dist.rendezvous.SimulatedNetwork.End;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/** A server on host 0 and workers on the others, whatever happens to them. */
final class Cluster {
  static final Bytes DATA = Examples.hash(1);

  /**
   * What a job and its network are like.
   *
   * @param delay milliseconds one way
   * @param loss share of packets lost
   * @param flaky share of the server's words after which the connection breaks before they arrive
   */
  record Settings(
      int workers, int minWorkers, boolean allowMinority, long delay, double loss, double flaky) {
    static Settings of(int workers) {
      return new Settings(workers, 1, false, 2, 0, 0);
    }

    Settings minority() {
      return new Settings(workers, minWorkers, true, delay, loss, flaky);
    }

    Settings slow() {
      return new Settings(workers, minWorkers, allowMinority, 50, 0.05, flaky);
    }

    Settings unsteady() {
      return new Settings(workers, minWorkers, allowMinority, delay, loss, 0.05);
    }

    Deadlines deadlines() {
      return new Deadlines(Deadlines.STANDARD);
    }

    long joinTimeout() {
      return 120_000;
    }
  }

  final Settings settings;
  final Simulation simulation;
  final SimulatedNetwork network;
  final Witness witness = new Witness();
  final SimulatedServer server;

  /** Every process that ever was. */
  final List<SimulatedWorker> processes = new ArrayList<>();

  private final Map<Integer, SimulatedWorker> byHost = new HashMap<>();
  private final Map<MemberId, SimulatedWorker> byId = new HashMap<>();
  private final Map<List<Object>, End> links = new HashMap<>();

  Cluster(Settings settings, long seed) {
    this.settings = settings;
    simulation = new Simulation(seed);
    network = new SimulatedNetwork(simulation, settings.delay(), settings.loss());
    Rules rules =
        new Rules(
            "job",
            OptionalInt.of(settings.workers()),
            settings.minWorkers(),
            settings.allowMinority(),
            settings.deadlines(),
            settings.joinTimeout());
    server = new SimulatedServer(simulation, 0, rules, settings.flaky(), witness);
  }

  /** All workers, started one after another on hosts 1 to W. */
  Cluster startAll() {
    for (int host = 1; host <= settings.workers(); host++) {
      int here = host;
      simulation.after(10L * host, () -> start(here));
    }
    return this;
  }

  /** A new process on a host. */
  SimulatedWorker start(int host) {
    return start(host, "job", "1.0", DATA, Examples.CONFIGURATION);
  }

  SimulatedWorker start(int host, String job, String code, Bytes data, List<String> configuration) {
    MemberId id = new MemberId(host, processes.size());
    Peer self = new Peer(id, 1, "avx2", List.of("host" + host + ":1"));
    SimulatedWorker worker =
        new SimulatedWorker(this, host, new Join(job, self, code, data, configuration, false));
    processes.add(worker);
    byHost.put(host, worker);
    byId.put(id, worker);
    simulation.tell("host " + host + ": started");
    worker.start();
    return worker;
  }

  SimulatedWorker at(int host) {
    return byHost.get(host);
  }

  /** The process with this rank in the newest generation. */
  SimulatedWorker ofRank(int rank) {
    return byId.get(witness.members(witness.newest()).get(rank));
  }

  /** A worker's end of its link with a peer in a generation. */
  End link(SimulatedWorker from, MemberId to, int generation) {
    List<Object> here = List.of(generation, from.id, to);
    if (!links.containsKey(here)) {
      SimulatedWorker peer = byId.get(to);
      End near =
          network.pair(
              from,
              from.training().link(to, generation),
              peer,
              peer.training().link(from.id, generation));
      links.put(here, near);
      links.put(List.of(generation, to, from.id), near.other());
    }
    return links.get(here);
  }

  void cut(int host, boolean fromServer) {
    for (int other = fromServer ? 0 : 1; other <= settings.workers(); other++) {
      if (other != host) {
        network.cutLink(host, other);
      }
    }
  }

  void heal(int host) {
    for (int other = 0; other <= settings.workers(); other++) {
      network.heal(host, other);
    }
  }

  /** Goes on until it is so, or so many milliseconds have passed. */
  boolean until(BooleanSupplier condition, long atMost) {
    long end = simulation.now() + atMost;
    while (!condition.getAsBoolean() && simulation.now() < end) {
      simulation.runUntil(simulation.now() + 5);
    }
    return condition.getAsBoolean();
  }

  /** Whether the server has ended and every process has. */
  boolean over() {
    return (server.dead() || server.coordinator.stage() == Stage.ENDED)
        && processes.stream().allMatch(SimulatedProcess::dead);
  }

  /** Whether all was trained and counts. */
  boolean trained() {
    return witness.committedStep() == Checkpoint.STEPS;
  }
}
