package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.SimulatedNetwork.End;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The server's process: a {@link Coordinator} whose frames travel as bytes. */
final class SimulatedServer extends SimulatedProcess implements SimulatedNetwork.Listener {
  final Coordinator coordinator;

  private final Witness witness;
  private final double flaky;
  private final Map<End, Long> numbers = new HashMap<>();
  private final Map<Long, End> connections = new HashMap<>();
  private long wakeAt = Long.MAX_VALUE;
  private long accepted;

  SimulatedServer(Simulation simulation, int host, Rules rules, double flaky, Witness witness) {
    super(simulation, host);
    this.witness = witness;
    this.flaky = flaky;
    coordinator = new Coordinator(rules, simulation.now());
    arm();
  }

  @Override
  public void received(End end, Object message) {
    Long number = numbers.get(end);
    if (number == null) { // its first
      number = accepted++;
      numbers.put(end, number);
      connections.put(number, end);
      witness.met(worker(end));
    }
    carryOut(coordinator.on(number, Wire.frame(message), simulation.now()));
  }

  @Override
  public void closed(End end) {
    Long number = numbers.remove(end);
    if (number != null) {
      connections.remove(number);
      if (numbers.keySet().stream().noneMatch(other -> worker(other).equals(worker(end)))) {
        witness.parted(worker(end), simulation.now());
      }
      carryOut(coordinator.closed(number, simulation.now()));
    }
  }

  private static MemberId worker(End end) {
    return ((SimulatedWorker) end.other().owner).id;
  }

  private void carryOut(List<ServerAction> actions) {
    for (ServerAction action : actions) {
      if (action instanceof ServerAction.Send send) {
        witness.sent(send.frame(), simulation.now());
        End end = connections.get(send.connection());
        if (end != null) {
          end.send(MessageCodec.encode(send.frame()));
          Message message = send.frame().message();
          boolean routine = message instanceof Message.Alive || message instanceof Message.Welcome;
          if (!routine && simulation.chance(flaky)) {
            simulation.after(0, end::reset);
          }
        }
      } else if (action instanceof ServerAction.Close close) {
        End end = connections.remove(close.connection());
        if (end != null) {
          numbers.remove(end);
          end.close();
        }
      } else if (action instanceof ServerAction.Note note) {
        simulation.tell("server: " + note.text());
      }
    }
    arm();
  }

  private void arm() {
    long due = coordinator.nextDeadline();
    if (due < wakeAt) {
      wakeAt = due;
      after(due - simulation.now(), () -> wake(due));
    }
  }

  private void wake(long due) {
    if (due == wakeAt) {
      wakeAt = Long.MAX_VALUE;
      carryOut(coordinator.tick(simulation.now()));
    }
  }

  /** Frames as bytes. */
  static final class Wire {
    private Wire() {}

    static Frame frame(Object message) {
      try {
        return MessageCodec.decode(ByteBuffer.wrap((byte[]) message), Limits.FRAME);
      } catch (BadFrame e) {
        throw new AssertionError(e);
      }
    }
  }
}
