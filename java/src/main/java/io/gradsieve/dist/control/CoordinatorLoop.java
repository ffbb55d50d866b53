package io.gradsieve.dist.control;

import io.gradsieve.dist.rendezvous.Coordinator;
import io.gradsieve.dist.rendezvous.Frame;
import io.gradsieve.dist.rendezvous.Message;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Rules;
import io.gradsieve.dist.rendezvous.ServerAction;
import io.gradsieve.dist.rendezvous.Stage;
import io.netty.channel.Channel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * The {@link Coordinator} and what drives it: frames by connection, the clock, its actions. All in
 * the thread of one event loop, but for what is said of others.
 */
final class CoordinatorLoop {
  private final Coordinator coordinator;
  private final AddressCheck addresses;
  private final Consumer<String> log;
  private final Alarm alarm;
  private final Map<Long, ServerConnection> connections = new HashMap<>();
  private final ChannelGroup open; // with those that only send their last word
  private final SharedFrame.Pages pages = new SharedFrame.Pages();
  private final CountDownLatch ended = new CountDownLatch(1);
  private long lastConnection;
  private volatile Stage stage = Stage.FORMING;
  private volatile Optional<String> failure = Optional.empty();

  CoordinatorLoop(Rules rules, EventExecutor loop, AddressCheck addresses, Consumer<String> log) {
    this.coordinator = new Coordinator(rules, Clock.millis());
    this.addresses = addresses;
    this.log = log;
    this.open = new DefaultChannelGroup(loop);
    this.alarm = new Alarm(loop, () -> apply(coordinator::tick));
  }

  /** Begins to keep time. */
  void begin() {
    apply(coordinator::tick);
  }

  /** As of the last event; from any thread. */
  Stage stage() {
    return stage;
  }

  /** Why the job failed, if it did; from any thread. */
  Optional<String> failure() {
    return failure;
  }

  /** Open until the job has ended; for any thread to wait for. */
  CountDownLatch ended() {
    return ended;
  }

  /** Done when all connections of this moment have ended; for any thread to wait for. */
  Future<?> allClosed() {
    return open.newCloseFuture();
  }

  /** The last handler of a connection that is now authenticated. */
  ServerConnection connection(Channel channel, InetAddress peer) {
    ServerConnection connection = new ServerConnection(++lastConnection, channel, peer, this);
    connections.put(connection.id(), connection);
    open.add(channel);
    return connection;
  }

  /** Looks which of a worker's addresses answer. */
  void check(Join join, InetAddress peer, Consumer<AddressCheck.Result> answer) {
    addresses.check(join.self(), peer, answer);
  }

  /** A worker wants to join, and its addresses have been looked at. */
  void checked(ServerConnection from, Frame frame, AddressCheck.Result result) {
    if (result.problem().isPresent()) {
      String reason = result.problem().get();
      log.accept("refused a worker: " + reason);
      from.send(new Frame(frame.request(), 0, new Refusal(Code.BAD_REQUEST, reason)));
      from.finish();
      connections.remove(from.id());
      apply(now -> coordinator.closed(from.id(), now));
    } else {
      Join join = (Join) frame.message();
      Message.Peer self = join.self();
      Message.Peer reached =
          new Message.Peer(self.id(), self.cores(), self.instructionSet(), result.kept());
      received(
          from,
          new Frame(
              frame.request(),
              frame.generation(),
              new Join(
                  join.job(),
                  reached,
                  join.code(),
                  join.data(),
                  join.configuration(),
                  join.resumes())));
    }
  }

  /** A frame has come. */
  void received(ServerConnection from, Frame frame) {
    apply(now -> coordinator.on(from.id(), frame, now));
  }

  /** A connection has ended. */
  void closed(ServerConnection connection) {
    if (connections.remove(connection.id()) != null) {
      apply(now -> coordinator.closed(connection.id(), now));
    }
  }

  /** Something broke that should not; the connection it came from is being closed. */
  void fault(Throwable cause) {
    if (!(cause instanceof IOException)) { // a reset is the network's
      log.accept("internal error on a connection: " + cause);
    }
  }

  private void apply(LongFunction<List<ServerAction>> event) {
    try {
      List<ServerAction> actions = event.apply(Clock.millis());
      failure = coordinator.failure(); // first: who hears of a stage may ask for it at once
      stage = coordinator.stage();
      perform(actions);
    } catch (RuntimeException e) { // of ours: nobody shall wait for a server that can't decide
      fail("internal error of the rendezvous server: " + e);
      return;
    }
    if (stage == Stage.ENDED) {
      ended.countDown();
    }
    alarm.at(coordinator.nextDeadline());
  }

  private void fail(String reason) {
    log.accept(reason);
    failure = Optional.of(reason);
    stage = Stage.ENDED;
    ended.countDown();
    alarm.off();
    List.copyOf(connections.values()).forEach(ServerConnection::finish);
  }

  private void perform(List<ServerAction> actions) {
    Optional<ServerConnection> writing = Optional.empty(); // one flush for what goes to one
    for (ServerAction action : actions) {
      if (action instanceof ServerAction.Send send) {
        ServerConnection to = connections.get(send.connection());
        if (to == null) {
          continue; // ended a moment ago; the coordinator hears of it next
        }
        writing.filter(last -> last != to).ifPresent(ServerConnection::flush);
        to.send(encoded(send.frame()));
        writing = Optional.of(to);
      } else if (action instanceof ServerAction.Close close) {
        Optional.ofNullable(connections.remove(close.connection()))
            .ifPresent(ServerConnection::finish);
      } else if (action instanceof ServerAction.Note note) {
        log.accept(note.text());
      }
    }
    writing.ifPresent(ServerConnection::flush);
  }

  private Object encoded(Frame frame) {
    return frame.message() instanceof Message.Members ? pages.of(frame) : frame;
  }

  /** Tells all members of a job that goes on why it can't, and lets go; in the loop's thread. */
  void close(Optional<String> lastWord) {
    alarm.off();
    lastWord.ifPresent(reason -> perform(coordinator.stop(reason)));
    List.copyOf(connections.values()).forEach(ServerConnection::finish);
    connections.clear();
    pages.close();
  }
}
