package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Abort;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Push;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.Reply;
import io.gradsieve.dist.rendezvous.ServerAction.Close;
import io.gradsieve.dist.rendezvous.ServerAction.Note;
import io.gradsieve.dist.rendezvous.ServerAction.Send;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Gathers what the server wants done; every frame carries the generation of its time. */
final class Outbox {
  private final List<ServerAction> actions = new ArrayList<>();
  private int generation;
  private Optional<Abort> verdict = Optional.empty(); // why the newest generation has ended

  void generation(int newest) {
    generation = newest;
    verdict = Optional.empty();
  }

  /** The newest generation has ended: its members hear it, now or when they are back. */
  void verdict(List<Worker> members, Abort abort) {
    verdict = Optional.of(abort);
    members.forEach(worker -> push(worker, abort));
  }

  void reply(Worker to, long request, Reply reply) {
    send(to, new Frame(request, generation, reply));
  }

  void push(Worker to, Push push) {
    send(to, new Frame(0, generation, push));
  }

  /** A worker without a connection asks again when it has one. */
  private void send(Worker to, Frame frame) {
    if (to.connected()) {
      actions.add(new Send(to.connection, frame));
    }
  }

  void refuse(long connection, long request, Code code, String reason) {
    Refusal refusal = new Refusal(code, Limits.reason(reason));
    actions.add(new Send(connection, new Frame(request, generation, refusal)));
  }

  /** A worker can't go on in its generation; if it was away when that ended, it hears why. */
  void stale(long connection, Frame join, String reason) {
    verdict
        .filter(abort -> join.generation() == generation)
        .ifPresent(abort -> actions.add(new Send(connection, new Frame(0, generation, abort))));
    refuse(connection, join.request(), Code.STALE_GENERATION, reason);
  }

  /** Refuses and closes. */
  void lastWord(long connection, long request, Code code, String reason) {
    refuse(connection, request, code, reason);
    close(connection);
  }

  void close(long connection) {
    actions.add(new Close(connection));
  }

  void note(String text) {
    actions.add(new Note(text));
  }

  void note(String text, boolean worthIt) {
    if (worthIt) {
      note(text);
    }
  }

  /** All since the last call. */
  List<ServerAction> drain() {
    List<ServerAction> drained = List.copyOf(actions);
    actions.clear();
    return drained;
  }
}
