package io.gradsieve.dist.rendezvous;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;

/**
 * TCP between hosts: bytes arrive in order, late or never; a lost packet is a late one; a cut link
 * holds what is sent until it heals; an end hears of the other's end unless the link is cut.
 */
final class SimulatedNetwork {
  private static final long RETRANSMISSION = 200; // ms, doubled with each further loss
  private static final long LONGEST_RETRANSMISSION = 3_000; // since the cut healed

  private final Simulation simulation;
  private final Set<List<Integer>> cuts = new HashSet<>();
  private final List<End> held = new ArrayList<>();
  private final long delay;
  private final double loss;

  /**
   * A network without cuts.
   *
   * @param delay milliseconds one way; up to as many are added
   * @param loss share of packets lost
   */
  SimulatedNetwork(Simulation simulation, long delay, double loss) {
    this.simulation = simulation;
    this.delay = delay;
    this.loss = loss;
  }

  /** Who sits at an end of a connection. */
  interface Listener {
    void received(End end, Object message);

    void closed(End end);
  }

  /** One end of a connection. */
  final class End {
    final SimulatedProcess owner;
    private final Listener listener;
    private final Queue<Optional<Object>> waiting = new ArrayDeque<>(); // empty: the end
    private End other;
    private boolean open = true;
    private long lastArrival;

    private End(SimulatedProcess owner, Listener listener) {
      this.owner = owner;
      this.listener = listener;
      owner.ends.add(this);
    }

    End other() {
      return other;
    }

    void send(Object message) {
      if (open) {
        transmit(Optional.of(message));
      }
    }

    void close() {
      if (open) {
        forget();
        transmit(Optional.empty());
      }
    }

    /** Both ends see the connection end at once: a router's table was flushed. */
    void reset() {
      End far = other;
      forget();
      far.forget();
      owner.post(() -> listener.closed(this));
      far.owner.post(() -> far.listener.closed(far));
    }

    private void forget() {
      open = false;
      owner.ends.remove(this);
    }

    private void transmit(Optional<Object> message) {
      if (cut(owner.host, other.owner.host) || !waiting.isEmpty()) {
        waiting.add(message);
        held.add(this);
      } else {
        fly(message, 0);
      }
    }

    private void fly(Optional<Object> message, long extra) {
      lastArrival = Math.max(lastArrival, simulation.now() + extra + oneWay());
      simulation.after(lastArrival - simulation.now(), () -> other.arrive(message));
    }

    private void arrive(Optional<Object> message) {
      if (!open) {
        return;
      }
      if (owner.dead()) {
        forget();
      } else if (message.isPresent()) {
        owner.post(
            () -> {
              if (open) {
                listener.received(this, message.get());
              }
            });
      } else {
        owner.post(
            () -> {
              if (open) {
                forget();
                listener.closed(this);
              }
            });
      }
    }
  }

  /** Connects at once. */
  End pair(SimulatedProcess from, Listener here, SimulatedProcess to, Listener there) {
    End near = new End(from, here);
    End far = new End(to, there);
    near.other = far;
    far.other = near;
    if (to.dead()) {
      far.close();
    }
    return near;
  }

  /** Whether a packet from one host to the other gets through now. */
  boolean cut(int from, int to) {
    return cuts.contains(List.of(from, to)) || cuts.contains(List.of(to, from));
  }

  void cutLink(int one, int other) {
    cuts.add(List.of(one, other));
  }

  /** The link works again; what was held arrives at the next retransmission. */
  void heal(int one, int other) {
    cuts.remove(List.of(one, other));
    cuts.remove(List.of(other, one));
    for (End end : List.copyOf(held)) {
      if (!cut(end.owner.host, end.other.owner.host)) {
        long extra = simulation.draw(0, LONGEST_RETRANSMISSION);
        while (!end.waiting.isEmpty()) {
          end.fly(end.waiting.remove(), extra);
        }
        held.remove(end);
      }
    }
  }

  /** Milliseconds that a packet takes. */
  long oneWay() {
    long time = delay + simulation.draw(0, delay);
    for (long pause = RETRANSMISSION; simulation.chance(loss); pause *= 2) {
      time += pause;
    }
    return time;
  }
}
