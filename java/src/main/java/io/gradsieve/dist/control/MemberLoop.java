package io.gradsieve.dist.control;

import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.RandomBits;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Purpose;
import io.gradsieve.dist.handshake.Role;
import io.gradsieve.dist.handshake.Token;
import io.gradsieve.dist.rendezvous.Deadlines;
import io.gradsieve.dist.rendezvous.Frame;
import io.gradsieve.dist.rendezvous.Member;
import io.gradsieve.dist.rendezvous.MemberAction;
import io.gradsieve.dist.rendezvous.MemberEvent;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Phase;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.Reply;
import io.gradsieve.dist.rendezvous.Message.Request;
import io.gradsieve.dist.rendezvous.Message.RingToken;
import io.gradsieve.dist.rendezvous.Message.Welcome;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * A {@link Member} and what drives it: its one connection, the clock, its owner's requests. All in
 * the thread of one event loop, but for what is said of others.
 */
final class MemberLoop {
  /** Who hears of it, in the event loop's thread. */
  interface Owner {
    /** Ranked, or the end of a generation or of all. */
    void heard(MemberEvent event);

    /** Trying on would change nothing; the member is over. */
    void hopeless(String reason);

    /** Why a request in this generation has no answer. */
    PeerLost unanswered(String reason);
  }

  /** Milliseconds in which hosts may start one after the other without a word. */
  private static final long SHORT_WAIT = 5_000;

  private final Member member;
  private final Dialer dialer;
  private final String jobId;
  private final Duration joinTimeout;
  private final Owner owner;
  private final Consumer<Token> ringToken;
  private final Consumer<String> log;
  private final Alarm alarm;
  private final EventLoop loop;
  private final Map<Long, CompletableFuture<Reply>> asked = new HashMap<>();
  private final Set<String> told = new HashSet<>(); // problems already in the log
  private OptionalLong waitsSince = OptionalLong.empty(); // with problems

  private Optional<Dialer.Attempt> attempt = Optional.empty();
  private Optional<Channel> channel = Optional.empty();
  private Optional<MemberEvent.Ranked> place = Optional.empty(); // while in a generation
  private int generation;
  private boolean rejoins; // as soon as the generation ends
  private boolean performing;

  private volatile Heartbeat progress = new Heartbeat(0, 0, 0, 0, Phase.WAITING);
  private volatile Deadlines deadlines = new Deadlines(Deadlines.STANDARD);
  private volatile String problem = Dialer.NO_ANSWER;

  MemberLoop(
      Dialer dialer,
      EventLoop loop,
      String jobId,
      Join join,
      Duration joinTimeout,
      Owner owner,
      Consumer<Token> ringToken,
      Consumer<String> log) {
    this.dialer = dialer;
    this.loop = loop;
    this.jobId = jobId;
    this.joinTimeout = joinTimeout;
    this.owner = owner;
    this.ringToken = ringToken;
    this.log = log;
    RandomBits jitter = RandomBits.of(new SecureRandom().nextLong(), "reconnect", 0);
    member = new Member(join, deadlines, joinTimeout.toMillis(), jitter);
    alarm = new Alarm(loop, () -> apply(member::tick));
  }

  /** As the server told; from any thread. */
  Deadlines deadlines() {
    return deadlines;
  }

  /** What the next heartbeat tells; from any thread. */
  void progress(Heartbeat heartbeat) {
    progress = heartbeat;
  }

  /** Why the last attempt to connect failed, in a few words; from any thread. */
  String problem() {
    return problem;
  }

  void start() {
    apply(member::start);
  }

  /** Joins the next generation now, or as soon as this one has ended. */
  void rejoin() {
    if (place.isPresent()) {
      rejoins = true;
    } else {
      apply(member::rejoin);
    }
  }

  /** Asks; the answer comes by the future. */
  void ask(Request request, Duration longest, CompletableFuture<Reply> answer) {
    apply(
        now -> {
          asked.put(member.nextRequest(), answer);
          return member.ask(request, longest.toMillis(), now);
        });
  }

  void leave() {
    apply(member::leave);
  }

  /** Hangs up without a word: to the server a lost connection. */
  void abandon() {
    alarm.off();
    disconnect();
    asked.values().forEach(answer -> answer.completeExceptionally(owner.unanswered("closed")));
    asked.clear();
  }

  // ---- driving the member

  private void apply(LongFunction<List<MemberAction>> event) {
    if (performing) { // an action's own consequence: after the actions before it
      loop.execute(() -> apply(event));
      return;
    }
    performing = true;
    try {
      member.progress(progress);
      perform(event.apply(Clock.millis()));
      alarm.at(member.nextDeadline());
    } finally {
      performing = false;
    }
  }

  private void perform(List<MemberAction> actions) {
    List<MemberEvent.Failed> failed = new ArrayList<>(); // heard after what ended them
    for (MemberAction action : actions) {
      if (action instanceof MemberAction.Connect) {
        connect();
      } else if (action instanceof MemberAction.Send send) {
        channel.ifPresent(open -> open.write(send.frame()));
      } else if (action instanceof MemberAction.Disconnect) {
        disconnect();
      } else if (action instanceof MemberEvent.Answered answered) {
        Optional.ofNullable(asked.remove(answered.request()))
            .ifPresent(answer -> answer.complete(answered.reply()));
      } else if (action instanceof MemberEvent.Failed failure) {
        failed.add(failure);
      } else if (action instanceof MemberEvent event) {
        happened(event);
      }
    }
    channel.ifPresent(Channel::flush);
    for (MemberEvent.Failed failure : failed) {
      Optional.ofNullable(asked.remove(failure.request()))
          .ifPresent(f -> f.completeExceptionally(owner.unanswered(failure.reason())));
    }
  }

  private void happened(MemberEvent event) {
    boolean again = rejoins && event instanceof MemberEvent.Aborted;
    again |= rejoins && event instanceof MemberEvent.Fenced;
    rejoins = false;
    place = Optional.empty();
    if (event instanceof MemberEvent.Ranked ranked) {
      place = Optional.of(ranked);
      generation = ranked.generation();
    }
    owner.heard(event);
    if (again) {
      apply(member::rejoin);
    }
  }

  // ---- the connection

  private void connect() {
    int rank = place.map(MemberEvent.Ranked::rank).orElse(Introduction.NONE);
    Introduction me =
        new Introduction(jobId, Purpose.CONTROL, Role.WORKER, rank, Introduction.NONE, generation);
    attempt = Optional.of(dialer.dial(me, new Link()));
  }

  private void disconnect() {
    attempt.ifPresent(Dialer.Attempt::cancel);
    attempt = Optional.empty();
    Optional<Channel> open = channel;
    channel = Optional.empty(); // first: nothing more is heard of it
    open.ifPresent(Channel::close);
  }

  /** Keeps why it is not connected, and says each cause once, if it lasts. */
  private void tell(String reason) {
    problem = reason;
    waitsSince = OptionalLong.of(waitsSince.orElse(Clock.millis()));
    if (Clock.millis() - waitsSince.getAsLong() >= SHORT_WAIT && told.add(reason)) {
      log.accept(
          generation > 0
              ? "warning: lost the server at %s: %s; tries on".formatted(dialer.where(), reason)
              : "warning: not in the job at %s yet: %s; tries for %d s in all (--join-timeout)"
                  .formatted(dialer.where(), reason, joinTimeout.toSeconds()));
    }
  }

  private final class Link implements Dialer.Listener {
    @Override
    public void open(Channel opened) {
      attempt = Optional.empty();
      channel = Optional.of(opened);
      opened.pipeline().addLast(new Frames());
      if (!dialer.bringsRingToken()) {
        apply(member::connected);
      }
    }

    @Override
    public void failed(String reason, Dialer.Outlook outlook) {
      attempt = Optional.empty();
      tell(reason);
      if (outlook == Dialer.Outlook.HOPELESS && place.isEmpty()) {
        owner.hopeless(reason);
        apply(member::leave);
      } else {
        apply(now -> member.disconnected(outlook == Dialer.Outlook.NOBODY_LISTENS, now));
      }
    }
  }

  private final class Frames extends SimpleChannelInboundHandler<Frame> {
    Frames() {
      super(Frame.class);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, Frame frame) {
      if (isCurrent(ctx)) {
        if (frame.message() instanceof RingToken handed && dialer.bringsRingToken()) {
          ringToken.accept(Token.fresh(handed.token().toArray()));
          apply(member::connected); // not before: the server soon tries the ring's listener
        }
        if (frame.message() instanceof Welcome welcome) {
          deadlines = new Deadlines(welcome.failureTimeout());
          told.clear();
          waitsSince = OptionalLong.empty();
        } else if (frame.message() instanceof Refusal refusal && refusal.code() == Code.LIMIT) {
          tell(refusal.reason());
        }
        apply(now -> member.received(frame, now));
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      if (isCurrent(ctx)) {
        channel = Optional.empty();
        problem = "the connection ended";
        apply(now -> member.disconnected(false, now));
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }

    private boolean isCurrent(ChannelHandlerContext ctx) {
      return channel.filter(open -> open == ctx.channel()).isPresent();
    }
  }
}
