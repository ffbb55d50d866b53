package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What the server knows of one worker. */
final class Worker {
  static final int NO_RANK = -1;
  static final long NO_CONNECTION = -1;

  final Message.Peer self;

  /** Place in line for a rank: the last one for who had one, then by arrival. */
  long order;

  int rank = NO_RANK;

  /** Waits for the next generation. */
  boolean ready;

  long connection = NO_CONNECTION;

  /** When the last byte came from it; when its connection ended if it has none. */
  long heard;

  boolean suspected;
  Heartbeat progress = Heartbeat.NONE;

  /** Who waits for it, and since when they last said so; for ever if their link has ended. */
  final Map<MemberId, Long> accusers = new LinkedHashMap<>();

  Worker(Message.Peer self, long order) {
    this.self = self;
    this.order = order;
  }

  boolean connected() {
    return connection != NO_CONNECTION;
  }

  boolean ranked() {
    return rank != NO_RANK;
  }

  void hear(long now) {
    heard = now;
    suspected = false;
  }

  /** A new generation has begun. */
  void enter(int newRank) {
    rank = newRank;
    order = newRank;
    ready = false;
    progress = Heartbeat.NONE;
    accusers.clear();
  }

  /** Silent so long that it is dead, or without a connection so long that it is gone. */
  boolean lost(long now, Deadlines deadlines) {
    return now - heard >= (connected() ? deadlines.dead() : deadlines.reconnect());
  }

  /** Silent so long that it may be dead; whose connection has just ended may be healthy. */
  boolean suspect(long now, Deadlines deadlines) {
    return connected() && now - heard >= deadlines.suspect();
  }

  /** For people: what is missing of it. */
  String absence(long now) {
    return connected()
        ? "has been silent for " + seconds(now - heard)
        : "lost its connection and did not come back within " + seconds(now - heard);
  }

  static String seconds(long millis) {
    return String.format(Locale.ROOT, "%.1f s", millis / 1e3);
  }

  /** For people: rank and first address, as far as there are any. */
  String name() {
    return ranked() ? "rank " + rank + " at " + where(self) : name(self);
  }

  /** For people: one without a rank. */
  static String name(Message.Peer self) {
    return "the worker at " + where(self);
  }

  private static String where(Message.Peer self) {
    return self.addresses().isEmpty() ? self.id().toString() : self.addresses().get(0);
  }
}
