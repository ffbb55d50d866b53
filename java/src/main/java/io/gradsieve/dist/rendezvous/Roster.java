package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Members;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The workers of a job: by id, by connection, by rank; and those that are silent but may live. */
final class Roster {
  /** When the connection ends, the worker may have died, or be about to come back on another. */
  private record Silent(long connection, long until) {}

  private static final int ARRIVALS = 40; // bits
  private static final long NEWCOMER = 1L << 60; // behind every rank

  private final Map<MemberId, Worker> workers = new LinkedHashMap<>();
  private final Map<Long, Worker> byConnection = new HashMap<>();

  /** Dead for want of a sign of life: a partition's other side looks the same. */
  private final Map<MemberId, Silent> silent = new LinkedHashMap<>();

  private List<Worker> ranked = List.of();
  private List<Members> pages = List.of();
  private long arrivals;

  Collection<Worker> all() {
    return List.copyOf(workers.values());
  }

  /** The generation's members, by rank, with those that were lost since. */
  List<Worker> ranked() {
    return ranked;
  }

  /** The generation's members as they are told to each other: the same objects for all. */
  List<Members> pages() {
    return pages;
  }

  int size() {
    return workers.size();
  }

  /** Workers that are silent and may live. */
  int silent(long now) {
    silent.values().removeIf(absent -> now >= absent.until());
    return silent.size();
  }

  Optional<Worker> find(MemberId id) {
    return Optional.ofNullable(workers.get(id));
  }

  Optional<Worker> at(long connection) {
    return Optional.ofNullable(byConnection.get(connection));
  }

  /** Whether it was a worker's that was silent for too long. */
  boolean ofSilent(long connection) {
    return silent.values().stream().anyMatch(absent -> absent.connection() == connection);
  }

  Worker add(Message.Peer self) {
    long wish = (long) self.id().wish() << ARRIVALS;
    Worker worker = new Worker(self, NEWCOMER + wish + arrivals++);
    workers.put(self.id(), worker);
    silent.remove(self.id());
    return worker;
  }

  void bind(Worker worker, long connection) {
    byConnection.remove(worker.connection);
    worker.connection = connection;
    byConnection.put(connection, worker);
  }

  /** Who is dead or gone, the one that was longest unheard first. */
  List<Worker> lost(long now, Deadlines deadlines) {
    return workers.values().stream()
        .filter(worker -> worker.lost(now, deadlines))
        .sorted(Comparator.comparingLong(worker -> worker.heard))
        .toList();
  }

  /** Who may be dead, and was not named before. */
  List<Worker> suspects(long now, Deadlines deadlines) {
    List<Worker> fresh =
        workers.values().stream()
            .filter(worker -> !worker.lost(now, deadlines) && worker.suspect(now, deadlines))
            .filter(worker -> !worker.suspected)
            .toList();
    fresh.forEach(worker -> worker.suspected = true);
    return fresh;
  }

  /** The connection has ended; a silent worker counts for so many milliseconds more. */
  void unbind(long connection, long now, long grace) {
    silent.replaceAll(
        (id, absent) ->
            absent.connection() == connection ? new Silent(connection, now + grace) : absent);
    Worker worker = byConnection.remove(connection);
    if (worker != null) {
      worker.connection = Worker.NO_CONNECTION;
      worker.heard = now;
    }
  }

  void remove(Worker worker) {
    workers.remove(worker.self.id());
    byConnection.remove(worker.connection);
  }

  /** Removes it, but it may live: its connection stays, to learn more. */
  void removeSilent(Worker worker) {
    remove(worker);
    silent.put(worker.self.id(), new Silent(worker.connection, Long.MAX_VALUE));
  }

  /** Connected and waiting for the next generation, in the order of their ranks there. */
  List<Worker> ready() {
    return workers.values().stream()
        .filter(worker -> worker.ready && worker.connected())
        .sorted(Comparator.comparingLong(worker -> worker.order))
        .toList();
  }

  /** Whether anyone was in a generation before. */
  boolean survivors() {
    return workers.values().stream().anyMatch(worker -> worker.order < NEWCOMER);
  }

  /** Gives ranks; returns the connections of those who were silent and are now out. */
  List<Long> rank(List<Worker> members) {
    ranked = List.copyOf(members);
    for (int rank = 0; rank < ranked.size(); rank++) {
      ranked.get(rank).enter(rank);
    }
    List<Members> cut = new ArrayList<>();
    for (int rank = 0; rank < ranked.size(); rank += Limits.PAGE) {
      List<Worker> page = ranked.subList(rank, Math.min(ranked.size(), rank + Limits.PAGE));
      cut.add(new Members(rank, page.stream().map(worker -> worker.self).toList()));
    }
    pages = List.copyOf(cut);
    List<Long> out = silent.values().stream().map(Silent::connection).toList();
    silent.clear();
    return out;
  }

  void endGeneration() {
    ranked.forEach(worker -> worker.rank = Worker.NO_RANK);
    ranked = List.of();
  }

  /** Time in which this process did not run is nobody's silence. */
  void forgive(long millis) {
    workers.values().forEach(worker -> worker.heard += millis);
  }
}
