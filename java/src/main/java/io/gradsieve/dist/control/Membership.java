package io.gradsieve.dist.control;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.handshake.Token;
import io.gradsieve.dist.rendezvous.Deadlines;
import io.gradsieve.dist.rendezvous.Limits;
import io.gradsieve.dist.rendezvous.MemberEvent;
import io.gradsieve.dist.rendezvous.MemberEvent.Aborted;
import io.gradsieve.dist.rendezvous.MemberEvent.Fenced;
import io.gradsieve.dist.rendezvous.MemberEvent.Left;
import io.gradsieve.dist.rendezvous.MemberEvent.Lost;
import io.gradsieve.dist.rendezvous.MemberEvent.Ranked;
import io.gradsieve.dist.rendezvous.MemberEvent.Refused;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.Reply;
import io.gradsieve.dist.rendezvous.Message.Request;
import io.gradsieve.dist.rendezvous.Message.Suspect;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A worker's place in its job: one connection to the rendezvous server, opened again when it ends,
 * and a thread of its own that beats and listens. For all threads.
 *
 * <pre>
 *   join
 *   until done:
 *     ranked()              the generation, the rank, the others
 *     …                     load, exchange; ask, suspect, progress; onEnd's listener stops it
 *     rejoin()              when all exchange has stopped
 *   leave
 * </pre>
 */
public final class Membership implements AutoCloseable {
  /** Beyond a deadline that the member keeps itself, until a thread waits no more. */
  private static final long GRACE_MILLIS = 2_000;

  private static final Duration SUSPECT = Duration.ofMinutes(1);

  private final String server;
  private final Endings endings;
  private final EventLoop loop;
  private final MemberLoop member;
  private final Runnable stop;
  private final long joinMillis;
  private final Consumer<String> log;
  private final List<Consumer<MemberEvent>> listeners = new CopyOnWriteArrayList<>();

  /** Guards what follows; told of each change. */
  private final Object changes = new Object();

  private Optional<Ranked> place = Optional.empty();
  private Optional<MemberEvent> end = Optional.empty(); // of the generation
  private Optional<Supplier<GradsieveException>> over = Optional.empty(); // for good, and why
  private boolean closed;

  private Membership(
      String host,
      int port,
      String jobId,
      Join join,
      Protection protection,
      Consumer<Token> ringToken,
      Duration joinTimeout,
      Consumer<String> log,
      EventLoop loop,
      ExecutorService names,
      Runnable stop) {
    this.server = "the rendezvous server at " + host + ":" + port;
    this.endings = new Endings(server);
    this.loop = loop;
    this.stop = stop;
    this.log = log;
    this.joinMillis = joinTimeout.toMillis();
    Dialer dialer = new Dialer(host, port, loop, names, protection);
    member = new MemberLoop(dialer, loop, jobId, join, joinTimeout, new Listener(), ringToken, log);
  }

  /**
   * Begins to join; does not wait.
   *
   * @param host name or address of the server; a name is looked up anew for each attempt
   * @param jobId of the handshake, the server's {@code Rules.job}: 1 to 64 characters, no spaces
   * @param join what the worker says of itself
   * @param ringToken hears, before the server tries the ring's listener, {@link
   *     Protection#ringToken} where it is the server's to say; from the client's thread
   * @param joinTimeout how long the server may be out of reach
   * @param log for a line now and then, from the client's thread
   * @throws Usage if a certificate's file is wrong
   */
  public static Membership join(
      String host,
      int port,
      String jobId,
      Join join,
      Protection protection,
      Consumer<Token> ringToken,
      Duration joinTimeout,
      Consumer<String> log) {
    DefaultThreadFactory threads = new DefaultThreadFactory("gradsieve-membership", true);
    EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, threads, NioIoHandler.newFactory());
    Runnable stop =
        () ->
            group
                .shutdownGracefully(0, 1, TimeUnit.SECONDS)
                .awaitUninterruptibly(GRACE_MILLIS, TimeUnit.MILLISECONDS);
    try {
      return join(
          host, port, jobId, join, protection, ringToken, joinTimeout, log, group.next(), stop);
    } catch (RuntimeException e) {
      stop.run();
      throw e;
    }
  }

  /** The same on a thread that it shares with others, and leaves to them: for measurements. */
  public static Membership join(
      String host,
      int port,
      String jobId,
      Join join,
      Protection protection,
      Consumer<Token> ringToken,
      Duration joinTimeout,
      Consumer<String> log,
      EventLoopGroup shared) {
    return join(
        host, port, jobId, join, protection, ringToken, joinTimeout, log, shared.next(), () -> {});
  }

  private static Membership join(
      String host,
      int port,
      String jobId,
      Join join,
      Protection protection,
      Consumer<Token> ringToken,
      Duration joinTimeout,
      Consumer<String> log,
      EventLoop loop,
      Runnable stop) {
    ExecutorService names =
        Executors.newSingleThreadExecutor(new DefaultThreadFactory("gradsieve-names", true));
    Membership membership =
        new Membership(
            host,
            port,
            jobId,
            join,
            protection,
            ringToken,
            joinTimeout,
            log,
            loop,
            names,
            () -> {
              names.shutdownNow();
              stop.run();
            });
    loop.execute(membership.member::start);
    return membership;
  }

  /**
   * Waits until it is in a generation; the same one until {@link #rejoin}, though it has ended.
   *
   * @throws Usage if this worker is not like the others, has another token, or can't be reached
   * @throws PeerLost if the server can't be reached, too few came, or the job is over
   */
  public Ranked ranked() {
    Deadlines deadlines = deadlines();
    long longest = joinMillis + deadlines.admission() + deadlines.gather() + deadlines.dead();
    long by = Clock.millis() + longest;
    synchronized (changes) {
      while (place.isEmpty() && over.isEmpty() && Clock.millis() < by) {
        try {
          changes.wait(Math.max(1, by - Clock.millis()));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new PeerLost("interrupted while waiting for " + server);
        }
      }
      if (place.isEmpty() && over.isPresent()) {
        throw over.get().get();
      }
      return place.orElseThrow(
          () ->
              new PeerLost(
                  "%s formed no generation within %d s: look at its log"
                      .formatted(server, longest / 1_000)));
    }
  }

  /**
   * Whom to call at the end of each generation, on the client's thread: be quick. If one has ended
   * already and {@link #rejoin} was not called, it is called at once. The event is {@link Aborted},
   * {@link Fenced}, or {@link Refused} or {@link Lost} if there will be no other generation.
   */
  public void onEnd(Consumer<MemberEvent> listener) {
    run(
        () -> {
          listeners.add(listener);
          end().ifPresent(event -> tell(listener, event));
        });
  }

  /**
   * All exchange of the generation has stopped: joins the next one as soon as this one has ended.
   * Once a generation.
   */
  public void rejoin() {
    synchronized (changes) {
      place = Optional.empty();
      end = over.isPresent() ? end : Optional.empty();
    }
    run(member::rejoin);
  }

  /** What the next heartbeats tell; cheap. */
  public void progress(Heartbeat heartbeat) {
    member.progress(heartbeat);
  }

  /**
   * Asks for a key, a barrier or a commit, and waits for the answer, which may be a refusal ({@code
   * TIMEOUT}, {@code LIMIT}, {@code BAD_REQUEST}).
   *
   * @param longest until it is given up; more than the request itself says it waits
   * @throws PeerLost if the generation has ended, or no answer came
   */
  public Reply ask(Request request, Duration longest) {
    if (loop.inEventLoop()) {
      throw new IllegalStateException("asked in the thread that would hear the answer");
    }
    CompletableFuture<Reply> answer = new CompletableFuture<>();
    if (!run(() -> member.ask(request, longest, answer))) {
      throw unanswered("closed");
    }
    try {
      Reply reply = answer.get(longest.toMillis() + GRACE_MILLIS, TimeUnit.MILLISECONDS);
      if (reply instanceof Refusal refusal && refusal.code() == Code.STALE_GENERATION) {
        throw unanswered("the generation has ended");
      }
      return reply;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof PeerLost lost) {
        throw new PeerLost(lost.getMessage(), lost); // with this thread's trace
      }
      throw new IllegalStateException(e.getCause());
    } catch (TimeoutException e) {
      throw unanswered("no answer in time");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unanswered("interrupted");
    }
  }

  /** Tells the server that this worker waits for another; does not wait. */
  public void suspect(int rank, boolean broken, String reason) {
    Suspect suspect = new Suspect(rank, broken, Limits.reason(reason));
    run(() -> member.ask(suspect, SUSPECT, new CompletableFuture<>()));
  }

  /**
   * Goes for good; waits until the server knows, or for as long as it takes to give a silent server
   * up. Before the barrier {@code exit} this ends the generation for all.
   */
  public void leave() {
    long by = Clock.millis() + deadlines().dead() + GRACE_MILLIS;
    if (!run(member::leave)) {
      return;
    }
    synchronized (changes) {
      while (over.isEmpty() && Clock.millis() < by) {
        try {
          changes.wait(Math.max(1, by - Clock.millis()));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
  }

  /** The job's deadlines, the server's as soon as it has said so. */
  public Deadlines deadlines() {
    return member.deadlines();
  }

  /** Hangs up. Without {@link #leave} the server sees a worker that lost its connection. */
  @Override
  public void close() {
    synchronized (changes) {
      if (closed) {
        return;
      }
      closed = true;
      over = over.or(() -> Optional.of(() -> new PeerLost("hung up on " + server)));
      changes.notifyAll();
    }
    loop.execute(member::abandon);
    stop.run();
  }

  private boolean run(Runnable task) {
    try {
      loop.execute(task);
      return true;
    } catch (RejectedExecutionException e) {
      return false; // closed: nobody is left to do it
    }
  }

  private Optional<MemberEvent> end() {
    synchronized (changes) {
      return end;
    }
  }

  private void tell(Consumer<MemberEvent> listener, MemberEvent event) {
    try {
      listener.accept(event);
    } catch (RuntimeException e) { // the others must still hear it
      log.accept("internal error at the end of a generation: " + e);
    }
  }

  private PeerLost unanswered(String reason) {
    String why = end().map(event -> ": " + endings.text(event)).orElse(": " + reason);
    return new PeerLost("no answer of " + server + why);
  }

  /** Hears the member, in its thread. */
  private final class Listener implements MemberLoop.Owner {
    private boolean wasRanked;

    @Override
    public void heard(MemberEvent event) {
      boolean ended;
      synchronized (changes) {
        if (event instanceof Ranked ranked) {
          wasRanked = true;
          place = Optional.of(ranked);
          end = Optional.empty();
        } else {
          boolean ranked = wasRanked;
          end = Optional.of(event);
          if (!(event instanceof Aborted || event instanceof Fenced)) {
            over = over.or(() -> Optional.of(() -> endings.error(event, ranked, member.problem())));
          }
        }
        ended = !(event instanceof Ranked || event instanceof Left);
        changes.notifyAll();
      }
      if (ended) {
        listeners.forEach(listener -> tell(listener, event));
      }
    }

    @Override
    public void hopeless(String reason) {
      synchronized (changes) {
        over = Optional.of(() -> new Usage(server + ": " + reason));
        changes.notifyAll();
      }
    }

    @Override
    public PeerLost unanswered(String reason) {
      return Membership.this.unanswered(reason);
    }
  }
}
