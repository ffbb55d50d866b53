package io.gradsieve.dist.rendezvous;

import io.gradsieve.RandomBits;
import io.gradsieve.dist.rendezvous.MemberAction.Connect;
import io.gradsieve.dist.rendezvous.MemberAction.Disconnect;
import io.gradsieve.dist.rendezvous.MemberAction.Send;
import io.gradsieve.dist.rendezvous.MemberEvent.Aborted;
import io.gradsieve.dist.rendezvous.MemberEvent.Answered;
import io.gradsieve.dist.rendezvous.MemberEvent.Failed;
import io.gradsieve.dist.rendezvous.MemberEvent.Fenced;
import io.gradsieve.dist.rendezvous.MemberEvent.Left;
import io.gradsieve.dist.rendezvous.MemberEvent.Lost;
import io.gradsieve.dist.rendezvous.MemberEvent.Refused;
import io.gradsieve.dist.rendezvous.Message.Abort;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Leave;
import io.gradsieve.dist.rendezvous.Message.Members;
import io.gradsieve.dist.rendezvous.Message.Ranked;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.Reply;
import io.gradsieve.dist.rendezvous.Message.Request;
import io.gradsieve.dist.rendezvous.Message.Welcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A worker's side of the rendezvous without its socket: frames, calls of its owner and time come
 * in, {@link MemberAction}s go out. Not for several threads.
 *
 * <pre>
 * IDLE -- start --> JOINING -- Ranked --> RANKED -- leave --> LEAVING -- Left --> OVER
 *                    |  ^                   |
 *                    |  '-- rejoin -- STOPPED <-- Aborted, or Fenced
 *                    '-- Refused or Lost --> OVER
 * </pre>
 *
 * <p>A lost connection is opened again, and RANKED goes on if the server still counts this member
 * in. Time is milliseconds of a clock that never goes back; it must go on while the process is
 * stopped, since a member that wakes up finds out by it that it is out.
 */
public final class Member {
  private enum State {
    IDLE,
    JOINING,
    RANKED,
    STOPPED,
    LEAVING,
    OVER
  }

  private enum Link {
    DOWN,
    OPENING,
    OPEN
  }

  private static final long NEVER = Long.MAX_VALUE;

  /** A request without an answer. */
  private record Pending(Frame frame, long deadline) {}

  private final Join join;
  private final long joinTimeout;
  private final Backoff backoff;
  private final List<MemberAction> actions = new ArrayList<>();
  private final Map<Long, Pending> pending = new LinkedHashMap<>();

  private Deadlines deadlines;
  private State state = State.IDLE;
  private Link link = Link.DOWN;
  private Heartbeat progress = Heartbeat.NONE;
  private int generation; // the newest this member was in
  private long lastRequest;
  private long joinRequest;
  private boolean welcome; // on this connection
  private Optional<Frame> place = Optional.empty(); // Ranked, while its Members come
  private List<Message.Peer> peers = new ArrayList<>();

  private final Silence silence = new Silence();
  private long linkAt; // when the link opened, or began to
  private long retryAt = NEVER;
  private long beatAt;

  /**
   * A member that has not begun.
   *
   * @param join what it says of itself
   * @param deadlines until the server tells its own
   * @param joinTimeout milliseconds without the server until it gives up
   * @param jitter spreads attempts to connect; every process has its own
   */
  public Member(Join join, Deadlines deadlines, long joinTimeout, RandomBits jitter) {
    this.join = join;
    this.deadlines = deadlines;
    this.joinTimeout = joinTimeout;
    backoff = new Backoff(jitter);
  }

  // ---- the owner's calls

  /** Begins to join. */
  public List<MemberAction> start(long now) {
    silence.begin(now);
    state = State.JOINING;
    open(now);
    return drain();
  }

  /** After {@link Aborted} or {@link Fenced}, when all exchange has stopped: joins the next. */
  public List<MemberAction> rejoin(long now) {
    pass(now);
    if (state == State.STOPPED) {
      state = State.JOINING;
      silence.begin(now);
      if (link == Link.OPEN) {
        join();
      } else if (link == Link.DOWN) {
        open(now);
      }
    }
    return drain();
  }

  /** What the next heartbeats tell. */
  public void progress(Heartbeat heartbeat) {
    progress = heartbeat;
  }

  /** The id that the next {@link #ask} will give its request. */
  public long nextRequest() {
    return lastRequest + 1;
  }

  /**
   * Asks for a key, a barrier, a commit or a verdict; {@link Answered} or, after {@code millis} at
   * the latest, {@link Failed} follows with {@link #nextRequest} as its id.
   */
  public List<MemberAction> ask(Request request, long millis, long now) {
    long id = ++lastRequest; // before a heartbeat takes it
    pass(now);
    Frame frame = new Frame(id, generation, request);
    if (state != State.RANKED) {
      actions.add(new Failed(id, "is in no generation"));
    } else {
      pending.put(id, new Pending(frame, now + millis));
      if (welcome) {
        actions.add(new Send(frame));
      }
    }
    return drain();
  }

  /** Goes for good; {@link Left} follows. */
  public List<MemberAction> leave(long now) {
    pass(now);
    if (state != State.OVER && welcome) {
      state = State.LEAVING;
      silence.begin(now);
      Frame frame = new Frame(++lastRequest, generation, new Leave());
      pending.put(frame.request(), new Pending(frame, NEVER)); // or the connection's deadline
      actions.add(new Send(frame));
    } else if (state != State.OVER) {
      over(new Left());
    }
    return drain();
  }

  // ---- the connection's calls

  /** The connection is open. */
  public List<MemberAction> connected(long now) {
    pass(now);
    if (link == Link.OPENING) {
      link = Link.OPEN;
      linkAt = now;
      join();
    }
    return drain();
  }

  /** The connection has ended, or could not be opened: its host may say that nobody listens. */
  public List<MemberAction> disconnected(boolean nobodyListens, long now) {
    pass(now);
    silence.failed(nobodyListens, now);
    link = Link.DOWN;
    down(now);
    return drain();
  }

  /** A frame has come. */
  public List<MemberAction> received(Frame frame, long now) {
    pass(now); // first: whoever was stopped for too long is out, whatever lay in its buffers
    if (link != Link.OPEN) {
      return drain();
    }
    silence.hear(now);
    Message message = frame.message();
    if (message instanceof Ranked ranked) {
      if (state == State.JOINING && frame.generation() > generation) {
        place = Optional.of(frame);
        peers = new ArrayList<>();
      }
    } else if (message instanceof Members members) {
      place
          .filter(ranked -> ranked.generation() == frame.generation())
          .ifPresent(ranked -> enter(ranked, members, now));
    } else if (message instanceof Abort abort) {
      abort(frame.generation(), abort);
    } else if (message instanceof Welcome to && frame.request() == joinRequest) {
      welcome = true;
      backoff.reset();
      deadlines = new Deadlines(to.failureTimeout());
      beatAt = now;
      pending.values().forEach(request -> actions.add(new Send(request.frame())));
      pass(now);
    } else if (message instanceof Refusal refusal) {
      refused(frame.request(), refusal, now);
    } else if (message instanceof Reply reply && !(message instanceof Message.Alive)) {
      answered(frame.request(), reply);
    }
    return drain();
  }

  /** Time has passed. */
  public List<MemberAction> tick(long now) {
    pass(now);
    return drain();
  }

  /** When {@link #tick} is due at the latest. */
  public long nextDeadline() {
    long soonest = pending.values().stream().mapToLong(Pending::deadline).min().orElse(NEVER);
    long next = Math.min(retryAt, soonest);
    if (state == State.RANKED || state == State.JOINING) {
      long patience = state == State.RANKED ? deadlines.dead() : joinTimeout;
      next = Math.min(next, silence.since() + patience);
    }
    return Math.min(next, welcome ? Math.min(linkBy(), beatAt) : linkBy());
  }

  // ---- time

  private void pass(long now) {
    if (state == State.IDLE || state == State.OVER) {
      return;
    }
    silence.pass(now);
    if (state == State.RANKED && now - silence.since() >= deadlines.dead()) {
      disconnect();
      stop(new Fenced(generation, silence.text(now, deadlines)));
    }
    Optional<String> end = silence.end(generation > 0, joinTimeout, deadlines, now);
    if (state == State.JOINING && end.isPresent()) {
      over(new Lost(end.get()));
      return;
    }
    if (now >= linkBy()) {
      down(now);
    }
    if (link == Link.DOWN && now >= retryAt) {
      open(now);
    }
    List<Pending> late =
        pending.values().stream().filter(request -> request.deadline() <= now).toList();
    pending.values().removeAll(late);
    late.forEach(p -> actions.add(new Failed(p.frame().request(), "no answer in time")));
    if (welcome && now >= beatAt) {
      beatAt = now + deadlines.heartbeat();
      int of = state == State.RANKED ? generation : 0;
      actions.add(new Send(new Frame(++lastRequest, of, progress)));
    }
  }

  // ---- the connection

  private void open(long now) {
    link = Link.OPENING;
    linkAt = now;
    retryAt = NEVER;
    actions.add(new Connect());
  }

  private void join() {
    Join request = state == State.RANKED ? join.resuming() : join;
    joinRequest = ++lastRequest;
    actions.add(new Send(new Frame(joinRequest, generation, request)));
  }

  /** When the connection is given up; a member that is counted in has no time for a lost packet. */
  private long linkBy() {
    boolean attempt = link == Link.OPENING && state == State.RANKED;
    long silent = Math.max(silence.since(), linkAt) + deadlines.dead();
    return link == Link.DOWN ? NEVER : attempt ? linkAt + deadlines.attempt() : silent;
  }

  private void disconnect() {
    if (link != Link.DOWN) {
      actions.add(new Disconnect());
    }
    link = Link.DOWN;
    welcome = false;
    place = Optional.empty();
    retryAt = NEVER;
  }

  /** The connection is no more; what follows depends on why one is needed. */
  private void down(long now) {
    disconnect();
    if (state == State.LEAVING) {
      over(new Left());
    } else if (state == State.JOINING || state == State.RANKED) {
      retryAt = now + backoff.next(deadlines.backoff());
    }
  }

  // ---- what the server says

  private void enter(Frame ranked, Members members, long now) {
    Ranked mine = (Ranked) ranked.message();
    if (members.first() != peers.size() || peers.size() + members.peers().size() > mine.world()) {
      down(now);
      return;
    }
    peers.addAll(members.peers());
    if (peers.size() == mine.world()) {
      place = Optional.empty();
      generation = ranked.generation();
      state = State.RANKED;
      progress = Heartbeat.NONE;
      actions.add(
          new MemberEvent.Ranked(
              generation,
              mine.rank(),
              List.copyOf(peers),
              mine.committedGeneration(),
              mine.committedStep()));
    }
  }

  private void abort(int ended, Abort abort) {
    if (state == State.RANKED && ended == generation) {
      stop(new Aborted(generation, abort.culprit(), abort.reason()));
    } else if (place.isPresent() && place.get().generation() == ended) {
      place = Optional.empty(); // over before it began
      generation = ended;
      join();
    }
  }

  private void refused(long request, Refusal refusal, long now) {
    boolean own = request == 0 || request == joinRequest;
    if (refusal.code() == Code.STALE_GENERATION && !pending.containsKey(request)) {
      if (state == State.RANKED) {
        stop(new Aborted(generation, Abort.NOBODY, refusal.reason()));
      }
    } else if (own && refusal.code() == Code.LIMIT) {
      down(now);
    } else if (own) {
      over(state == State.LEAVING ? new Left() : new Refused(refusal.code(), refusal.reason()));
    } else {
      answered(request, refusal);
    }
  }

  private void answered(long request, Reply reply) {
    Pending asked = pending.remove(request);
    if (asked != null && asked.frame().message() instanceof Leave) {
      over(new Left());
    } else if (asked != null) {
      actions.add(new Answered(request, reply));
    }
  }

  private void stop(MemberEvent event) {
    state = State.STOPPED;
    pending.keySet().forEach(id -> actions.add(new Failed(id, "the generation has ended")));
    pending.clear();
    actions.add(event);
  }

  private void over(MemberEvent event) {
    disconnect();
    stop(event);
    state = State.OVER;
  }

  private List<MemberAction> drain() {
    List<MemberAction> drained = List.copyOf(actions);
    actions.clear();
    return drained;
  }
}
