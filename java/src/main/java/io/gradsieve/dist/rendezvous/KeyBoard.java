package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Barrier;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Done;
import io.gradsieve.dist.rendezvous.Message.GetKey;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.Reply;
import io.gradsieve.dist.rendezvous.Message.SetKey;
import io.gradsieve.dist.rendezvous.Message.Value;
import io.gradsieve.dist.rendezvous.Message.WaitKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Keys and barriers of one generation, and who waits there. */
final class KeyBoard {
  /** Where replies go. */
  interface Replies {
    void reply(Worker to, long request, Reply reply);
  }

  /** A request that waits; the same request sent again takes its place. */
  private record Asker(MemberId id, long request) {}

  private record Waiter(Worker worker, long request, long deadline) {}

  private static final class Gate {
    final Set<MemberId> arrived = new HashSet<>();
    final Map<Asker, Waiter> waiters = new LinkedHashMap<>();
    boolean open;
  }

  private final Replies replies;
  private final Map<String, Bytes> values = new HashMap<>();
  private final Map<String, Map<Asker, Waiter>> waiters = new LinkedHashMap<>();
  private final Map<String, Gate> barriers = new LinkedHashMap<>();
  private int bytes;
  private int waiting;

  /** Not later than the first waiter's; found anew when it has passed. */
  private long soonest = Long.MAX_VALUE;

  KeyBoard(Replies replies) {
    this.replies = replies;
  }

  /**
   * A member asks for a key or a barrier; others are no business of this one.
   *
   * @param world how many must come to a barrier
   */
  void request(Worker worker, long request, Message message, int world, long now) {
    if (message instanceof SetKey set) {
      set(worker, request, set.key(), set.value());
    } else if (message instanceof GetKey get) {
      replies.reply(worker, request, new Value(Optional.ofNullable(values.get(get.key()))));
    } else if (message instanceof WaitKey wait) {
      await(worker, request, wait.key(), now + wait.millis());
    } else if (message instanceof Barrier barrier) {
      arrive(worker, request, barrier.name(), now + barrier.millis(), world);
    }
  }

  private void set(Worker worker, long request, String key, Bytes value) {
    Bytes before = values.get(key);
    int size = bytes + value.size() - (before == null ? 0 : before.size());
    if (before == null && full() || size > Limits.VALUE_BYTES) {
      refuse(worker, request, Code.LIMIT, "the generation's keys or values are full");
      return;
    }
    bytes = size;
    values.put(key, value);
    replies.reply(worker, request, new Done());
    Map<Asker, Waiter> released = waiters.remove(key);
    if (released != null) {
      waiting -= released.size();
      released.values().forEach(w -> replies.reply(w.worker(), w.request(), value(value)));
    }
  }

  private void await(Worker worker, long request, String key, long deadline) {
    Bytes value = values.get(key);
    if (value != null) {
      replies.reply(worker, request, value(value));
      return;
    }
    Map<Asker, Waiter> here = waiters.computeIfAbsent(key, k -> new LinkedHashMap<>());
    add(here, worker, request, deadline);
    if (here.isEmpty()) {
      waiters.remove(key);
    }
  }

  /** A member has come to a barrier; it opens when {@code world} have. */
  private void arrive(Worker worker, long request, String name, long deadline, int world) {
    Gate gate = barriers.get(name);
    if (gate == null) {
      if (full()) {
        refuse(worker, request, Code.LIMIT, "the generation's barriers are full");
        return;
      }
      gate = new Gate();
      barriers.put(name, gate);
    }
    if (gate.open) { // the reply was lost with its connection
      replies.reply(worker, request, new Done());
      return;
    }
    if (!add(gate.waiters, worker, request, deadline)) {
      return;
    }
    gate.arrived.add(worker.self.id());
    if (gate.arrived.size() == world) {
      gate.open = true;
      waiting -= gate.waiters.size();
      gate.waiters.values().forEach(w -> replies.reply(w.worker(), w.request(), new Done()));
      gate.waiters.clear();
    }
  }

  boolean open(String barrier) {
    Gate gate = barriers.get(barrier);
    return gate != null && gate.open;
  }

  /** When {@link #expire} has something to do, or earlier. */
  long soonest() {
    return soonest;
  }

  /** Answers who has waited long enough; who gave up waiting at a barrier is not there. */
  void expire(long now) {
    if (now < soonest) {
      return;
    }
    soonest = Long.MAX_VALUE;
    for (Map<Asker, Waiter> here : waiters.values()) {
      expire(here, now);
    }
    waiters.values().removeIf(Map::isEmpty);
    for (Gate gate : barriers.values()) {
      expire(gate.waiters, now).forEach(w -> gate.arrived.remove(w.worker().self.id()));
    }
  }

  private List<Waiter> expire(Map<Asker, Waiter> here, long now) {
    List<Waiter> late = here.values().stream().filter(w -> w.deadline() <= now).toList();
    here.values().removeAll(late);
    waiting -= late.size();
    late.forEach(w -> refuse(w.worker(), w.request(), Code.TIMEOUT, "nothing came in time"));
    here.values().forEach(w -> soonest = Math.min(soonest, w.deadline()));
    return late;
  }

  /** The generation has ended, and all this with it. */
  void clear() {
    List<Waiter> all = new ArrayList<>();
    waiters.values().forEach(here -> all.addAll(here.values()));
    barriers.values().forEach(gate -> all.addAll(gate.waiters.values()));
    values.clear();
    waiters.clear();
    barriers.clear();
    bytes = 0;
    waiting = 0;
    soonest = Long.MAX_VALUE;
    all.forEach(
        w -> refuse(w.worker(), w.request(), Code.STALE_GENERATION, "the generation has ended"));
  }

  private boolean add(Map<Asker, Waiter> here, Worker worker, long request, long deadline) {
    Asker asker = new Asker(worker.self.id(), request);
    if (!here.containsKey(asker)) {
      if (waiting >= Limits.WAITERS) {
        refuse(worker, request, Code.LIMIT, "too many requests wait");
        return false;
      }
      waiting++;
    }
    here.put(asker, new Waiter(worker, request, deadline));
    soonest = Math.min(soonest, deadline);
    return true;
  }

  private boolean full() {
    return values.size() + barriers.size() >= Limits.KEYS;
  }

  private void refuse(Worker worker, long request, Code code, String reason) {
    replies.reply(worker, request, new Refusal(code, reason));
  }

  private static Value value(Bytes value) {
    return new Value(Optional.of(value));
  }
}
