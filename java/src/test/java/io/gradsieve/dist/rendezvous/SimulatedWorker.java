package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.rendezvous.MemberEvent.Aborted;
import io.gradsieve.dist.rendezvous.MemberEvent.Answered;
import io.gradsieve.dist.rendezvous.MemberEvent.Failed;
import io.gradsieve.dist.rendezvous.MemberEvent.Fenced;
import io.gradsieve.dist.rendezvous.MemberEvent.Left;
import io.gradsieve.dist.rendezvous.MemberEvent.Lost;
import io.gradsieve.dist.rendezvous.MemberEvent.Refused;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.SimulatedNetwork.End;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A worker's process: a {@link Member} and the {@link SimulatedTraining} that it belongs to. */
final class SimulatedWorker extends SimulatedProcess implements SimulatedNetwork.Listener {
  final MemberId id;
  final Member member;

  /** Events in which the rendezvous told it something went wrong. */
  final List<MemberEvent> troubles = new ArrayList<>();

  private final Cluster cluster;
  private final SimulatedTraining training;
  private Optional<End> server = Optional.empty();
  private Optional<String> outcome = Optional.empty();
  private long wakeAt = Long.MAX_VALUE;

  SimulatedWorker(Cluster cluster, int host, Join join) {
    super(cluster.simulation, host);
    this.cluster = cluster;
    id = join.self().id();
    member =
        new Member(
            join,
            cluster.settings.deadlines(),
            cluster.settings.joinTimeout(),
            cluster.simulation.stream());
    training = new SimulatedTraining(cluster, this);
  }

  /**
   * How it ended: LEFT, LOST, or the code of a refusal; empty while it lives or if it was killed.
   */
  Optional<String> outcome() {
    return outcome;
  }

  SimulatedTraining training() {
    return training;
  }

  void start() {
    carryOut(member.start(simulation.now()));
  }

  @Override
  public void received(End end, Object message) {
    if (server.filter(s -> s == end).isPresent()) {
      Frame frame = SimulatedServer.Wire.frame(message);
      carryOut(member.received(frame, simulation.now()));
    }
  }

  @Override
  public void closed(End end) {
    if (server.filter(s -> s == end).isPresent()) {
      server = Optional.empty();
      carryOut(member.disconnected(false, simulation.now()));
    }
  }

  /** The connection to the server breaks though both live. */
  void resetControl() {
    server.ifPresent(End::reset);
  }

  /** Leaves in the middle. */
  void leave() {
    training.stop();
    carryOut(member.leave(simulation.now()));
  }

  void carryOut(List<MemberAction> actions) {
    for (MemberAction action : actions) {
      if (action instanceof MemberAction.Connect) {
        connect();
      } else if (action instanceof MemberAction.Send send) {
        server.ifPresent(end -> end.send(MessageCodec.encode(send.frame())));
      } else if (action instanceof MemberAction.Disconnect) {
        server.ifPresent(End::close);
        server = Optional.empty();
        connecting++;
      } else if (action instanceof MemberEvent event) {
        happened(event);
      }
    }
    arm();
  }

  private int connecting; // an attempt that was given up must not succeed later

  private void connect() {
    int attempt = ++connecting;
    if (cluster.network.cut(host, cluster.server.host)) {
      return; // no answer; the member's deadline ends it
    }
    after(
        cluster.network.oneWay() + cluster.network.oneWay(),
        () -> {
          if (attempt != connecting) {
            return;
          }
          if (cluster.server.dead()) {
            carryOut(member.disconnected(true, simulation.now()));
          } else { // a stopped server's kernel accepts, too
            server = Optional.of(cluster.network.pair(this, this, cluster.server, cluster.server));
            carryOut(member.connected(simulation.now()));
          }
        });
  }

  private void happened(MemberEvent event) {
    if (!(event instanceof Answered || event instanceof Failed)) {
      simulation.tell("host " + host + ": " + event);
    }
    if (event instanceof MemberEvent.Ranked ranked) {
      cluster.witness.entered(id, ranked);
      training.enter(ranked);
    } else if (event instanceof Aborted || event instanceof Fenced) {
      troubles.add(event);
      training.stop();
      // a ring takes a while to stop
      after(simulation.draw(0, 500), () -> carryOut(member.rejoin(simulation.now())));
    } else if (event instanceof Answered answered) {
      training.answered(answered.request(), answered.reply());
    } else if (event instanceof Failed failed) {
      training.failed(failed.request());
    } else if (event instanceof Refused refused) {
      troubles.add(event);
      end(refused.code().name());
    } else if (event instanceof Lost) {
      troubles.add(event);
      end("LOST");
    } else if (event instanceof Left) {
      end("LEFT");
    }
  }

  private void end(String how) {
    assertThat(outcome).isEmpty();
    outcome = Optional.of(how);
    training.stop();
    simulation.after(0, this::kill);
  }

  private void arm() {
    long due = member.nextDeadline();
    if (due < wakeAt) {
      assertThat(due).as("a deadline that has passed").isGreaterThanOrEqualTo(simulation.now());
      wakeAt = due;
      after(due - simulation.now(), () -> wake(due));
    }
  }

  private void wake(long due) {
    if (due == wakeAt) {
      wakeAt = Long.MAX_VALUE;
      carryOut(member.tick(simulation.now()));
    }
  }
}
