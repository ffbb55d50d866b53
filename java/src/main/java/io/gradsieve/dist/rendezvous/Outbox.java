package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Push;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.Reply;
import io.gradsieve.dist.rendezvous.ServerAction.Close;
import io.gradsieve.dist.rendezvous.ServerAction.Note;
import io.gradsieve.dist.rendezvous.ServerAction.Send;
import java.util.ArrayList;
import java.util.List;

/** Gathers what the server wants done; every frame carries the generation of its time. */
final class Outbox {
  private final List<ServerAction> actions = new ArrayList<>();
  private int generation;

  void generation(int newest) {
    generation = newest;
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

  /** All since the last call. */
  List<ServerAction> drain() {
    List<ServerAction> drained = List.copyOf(actions);
    actions.clear();
    return drained;
  }
}
