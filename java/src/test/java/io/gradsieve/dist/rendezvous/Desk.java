package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Peer;
import io.gradsieve.dist.rendezvous.Message.Phase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** A server with connections 1, 2, 3 … of well-behaved workers, spoken to frame by frame. */
final class Desk {
  static final int T = Deadlines.STANDARD;

  final Coordinator server;
  final Map<Long, List<Frame>> heard = new HashMap<>();
  final Set<Long> closed = new HashSet<>();
  final List<String> notes = new ArrayList<>();
  long now;
  private long request;

  Desk(Rules rules) {
    server = new Coordinator(rules, 0);
  }

  Desk(int workers, int minWorkers) {
    this(new Rules("job", OptionalInt.of(workers), minWorkers, false, new Deadlines(T), 60_000));
  }

  /** Workers 1 to n have joined and are in generation 1. */
  static Desk running(int n) {
    Desk desk = new Desk(n, 1);
    for (int i = 1; i <= n; i++) {
      desk.join(i, 0, false);
    }
    desk.heard.clear();
    return desk;
  }

  static Join joins(long id, boolean resumes) {
    Peer self = new Peer(new MemberId(0, id), 1, "avx2", List.of("host" + id + ":1"));
    return new Join("job", self, "1.0", Cluster.DATA, Examples.CONFIGURATION, resumes);
  }

  long join(long connection, int generation, boolean resumes) {
    return say(connection, generation, joins(connection, resumes));
  }

  /** Says something and returns its request id. */
  long say(long connection, int generation, Message message) {
    carryOut(server.on(connection, new Frame(++request, generation, message), now));
    return request;
  }

  void close(long connection) {
    carryOut(server.closed(connection, now));
  }

  void stop(String reason) {
    carryOut(server.stop(reason));
  }

  void tick(long time) {
    now = time;
    carryOut(server.tick(now));
  }

  /** Lets time pass while these connections say what they do. */
  void pass(long millis, int generation, Heartbeat heartbeat, long... alive) {
    for (long end = now + millis; now < end; ) {
      now += 500;
      for (long connection : alive) {
        say(connection, generation, heartbeat);
      }
      carryOut(server.tick(now));
    }
  }

  static Heartbeat reducing(long step, long bytes) {
    return new Heartbeat(step, 0, bytes, bytes, Phase.REDUCING);
  }

  /** What the server has said last. */
  Message last(long connection) {
    List<Frame> frames = heard.get(connection);
    return frames.get(frames.size() - 1).message();
  }

  /** What the server has said of a kind. */
  <M extends Message> List<M> all(long connection, Class<M> kind) {
    return heard.getOrDefault(connection, List.of()).stream()
        .map(Frame::message)
        .filter(kind::isInstance)
        .map(kind::cast)
        .toList();
  }

  private void carryOut(List<ServerAction> actions) {
    for (ServerAction action : actions) {
      if (action instanceof ServerAction.Send send) {
        heard.computeIfAbsent(send.connection(), c -> new ArrayList<>()).add(send.frame());
      } else if (action instanceof ServerAction.Close close) {
        closed.add(close.connection());
      } else if (action instanceof ServerAction.Note note) {
        notes.add(note.text());
      }
    }
  }
}
