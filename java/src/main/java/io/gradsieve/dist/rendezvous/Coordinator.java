package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Abort;
import io.gradsieve.dist.rendezvous.Message.Alive;
import io.gradsieve.dist.rendezvous.Message.Barrier;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Commit;
import io.gradsieve.dist.rendezvous.Message.Committed;
import io.gradsieve.dist.rendezvous.Message.Done;
import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Leave;
import io.gradsieve.dist.rendezvous.Message.Ranked;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.Reply;
import io.gradsieve.dist.rendezvous.Message.Request;
import io.gradsieve.dist.rendezvous.Message.Suspect;
import io.gradsieve.dist.rendezvous.Message.Welcome;
import java.util.List;
import java.util.Optional;

/**
 * The rendezvous server without its sockets: frames and time come in, {@link ServerAction}s go out.
 * It alone issues generations, ranks and verdicts. Not for several threads.
 *
 * <pre>
 * FORMING --- enough are ready ----------> RUNNING --- all at the barrier "exit" ---> ENDING
 *    ^  '---- too few in time -> ENDED        |                                          |
 *    '------- one is lost, leaves or joins ---'             all left, or 10 s -> ENDED --'
 * </pre>
 *
 * <p>Time is milliseconds of a clock that never goes back. Whoever drives it calls {@link #tick} at
 * {@link #nextDeadline} at the latest; a longer pause is taken for this process's own, and silence
 * during it is nobody's fault.
 */
public final class Coordinator {
  private static final long NEVER = Long.MAX_VALUE;
  private static final String OVER = "the job is over";

  private final Rules rules;
  private final Deadlines deadlines;
  private final Outbox out = new Outbox();
  private final CommitLog commits = new CommitLog();
  private final Roster roster = new Roster();
  private final KeyBoard board = new KeyBoard(out::reply);
  private final Admission admission;
  private final ProgressWatch watch;
  private final Quorum quorum;

  private Stage stage = Stage.FORMING;
  private int generation;
  private Optional<String> failure = Optional.empty();

  private long awake; // the last call
  private long tickBy; // the next call of tick, at the latest
  private long admitAt; // RUNNING: of new workers, whether there was a commit or not
  private long endAt; // ENDING
  private boolean held; // this process did not run for a while in this generation

  /** A server whose job waits for its workers from now on. */
  public Coordinator(Rules rules, long now) {
    this.rules = rules;
    deadlines = rules.deadlines();
    admission = new Admission(rules);
    watch = new ProgressWatch(deadlines);
    awake = now;
    tickBy = now + deadlines.heartbeat();
    quorum = new Quorum(rules, now);
  }

  /** How far the job has come. */
  public Stage stage() {
    return stage;
  }

  /** The newest generation; 0 before the first. */
  public int generation() {
    return generation;
  }

  /** Why the job failed, if it did. */
  public Optional<String> failure() {
    return failure;
  }

  /** When {@link #tick} is due at the latest. */
  public long nextDeadline() {
    return stage == Stage.ENDED ? NEVER : Math.min(tickBy, board.soonest());
  }

  /** A frame has come. */
  public List<ServerAction> on(long connection, Frame frame, long now) {
    awaken(now);
    Optional<Worker> worker = roster.at(connection);
    if (!(frame.message() instanceof Request)) {
      out.lastWord(connection, 0, Code.BAD_REQUEST, "only requests are for the server");
    } else if (frame.message() instanceof Join join) {
      join(connection, frame, join, now);
    } else if (worker.isPresent()) {
      worker.get().hear(now);
      request(worker.get(), frame, now);
    } else if (roster.ofSilent(connection)) {
      out.refuse(connection, frame.request(), Code.STALE_GENERATION, "was silent for too long");
    } else {
      out.lastWord(connection, frame.request(), Code.BAD_REQUEST, "join first");
    }
    return out.drain();
  }

  /** A connection has ended, or can't be written to. */
  public List<ServerAction> closed(long connection, long now) {
    awaken(now);
    roster.unbind(connection, now, deadlines.gather());
    return out.drain();
  }

  /** Time has passed. */
  public List<ServerAction> tick(long now) {
    awaken(now);
    board.expire(now);
    bury(now);
    switch (stage) {
      case FORMING -> gather(now);
      case RUNNING -> watch(now);
      case ENDING -> {
        if (roster.size() == 0 || now >= endAt) {
          end(OVER);
        }
      }
      default -> {}
    }
    long due = stage == Stage.RUNNING ? watch.due(roster.ranked()) : NEVER;
    tickBy = Math.min(now + deadlines.heartbeat(), due); // a standstill is noticed in its time
    return out.drain();
  }

  /** The server goes, whatever the job does: all hear why. */
  public List<ServerAction> stop(String reason) {
    if (stage != Stage.ENDED) {
      end(reason);
    }
    return out.drain();
  }

  private void awaken(long now) {
    long paused = now - awake - 2 * deadlines.heartbeat();
    if (paused >= deadlines.dead()) {
      out.note("this process did not run for " + Worker.seconds(paused));
    }
    if (paused > 0) {
      roster.forgive(paused);
      watch.forgive(paused);
      held = true;
    }
    awake = now;
  }

  // ---- joining and forming

  private void join(long connection, Frame frame, Join join, long now) {
    Optional<Worker> known = roster.find(join.self().id());
    boolean member = known.isPresent() && known.get().ranked();
    boolean same = member && frame.generation() == generation;
    boolean turn = stage != Stage.FORMING || quorum.gathered(now) || !admission.struck(join);
    boolean room = known.isPresent() || join.resumes() || turn && roster.size() < rules.most();
    boolean open = stage == Stage.ENDING ? same && join.resumes() : stage != Stage.ENDED;
    Optional<Refusal> refusal =
        frame.generation() > generation
            ? Optional.of(new Refusal(Code.BAD_REQUEST, "is of another server; start it anew"))
            : admission.refusal(join, open, room);
    if (refusal.isPresent()) {
      quorum.refused(join, refusal.get()).ifPresent(out::note);
      out.lastWord(connection, frame.request(), refusal.get().code(), refusal.get().reason());
      return;
    }
    if (known.isEmpty() && join.resumes()) {
      out.stale(connection, frame, "was out of touch too long");
      return;
    }
    Worker worker = known.orElseGet(() -> roster.add(join.self()));
    if (worker.connected() && worker.connection != connection) {
      out.close(worker.connection);
    }
    roster.bind(worker, connection);
    worker.hear(now);
    if (join.resumes() && !same) {
      out.stale(connection, frame, "its generation has ended");
      return;
    }
    out.reply(worker, frame.request(), new Welcome(deadlines.failureTimeout()));
    if (join.resumes()) {
      return;
    }
    if (member && !same) { // it does not know yet: what told it was lost with its connection
      introduce(worker);
      return;
    }
    if (same) {
      int culprit = held ? Abort.NOBODY : worker.rank; // all lose a server that did not run
      abort(culprit, worker.name() + " had lost the server and stopped itself", now);
    }
    worker.ready = true;
    if (stage == Stage.RUNNING) {
      admitAt = Math.min(admitAt, now + deadlines.admission());
    } else {
      if (known.isEmpty() && !roster.survivors()) {
        quorum.newcomer(now);
      }
      form(now);
    }
  }

  /** Forms the next generation if enough are ready, and either all are or it is time. */
  private void form(long now) {
    List<Worker> members = quorum.members(roster, now);
    if (members.isEmpty()) {
      return;
    }
    generation++;
    stage = Stage.RUNNING;
    held = false;
    admitAt = NEVER;
    watch.begin(now);
    out.generation(generation);
    roster.rank(members).forEach(out::close);
    out.note(quorum.begun(generation, members.size()));
    members.forEach(this::introduce);
  }

  private void introduce(Worker worker) {
    int world = roster.ranked().size();
    out.push(worker, new Ranked(worker.rank, world, commits.generation(), commits.step()));
    roster.pages().forEach(page -> out.push(worker, page));
  }

  private void gather(long now) {
    if (generation > 0 && quorum.gathered(now)) {
      for (Worker worker : roster.all()) {
        if (!worker.ready) {
          out.note(worker.name() + " did not come to the next generation in time");
          expel(worker, Code.STALE_GENERATION, "did not come in time");
        }
      }
    }
    form(now);
    if (stage == Stage.FORMING && quorum.givenUp(now)) {
      fail(quorum.failure(roster, now));
    } else if (stage == Stage.FORMING) {
      quorum.waiting(roster, now).ifPresent(out::note);
    }
  }

  // ---- a member's requests

  private void request(Worker worker, Frame frame, long now) {
    Message message = frame.message();
    long request = frame.request();
    boolean current = worker.ranked() && frame.generation() == generation;
    if (message instanceof Heartbeat heartbeat) {
      watch.hear(worker, current ? heartbeat : worker.progress, now);
      out.reply(worker, request, new Alive());
    } else if (message instanceof Leave) {
      leave(worker, request, now);
    } else if (!current) {
      String reason = "is of generation %d, not %d".formatted(frame.generation(), generation);
      out.reply(worker, request, new Refusal(Code.STALE_GENERATION, reason));
    } else if (message instanceof Commit commit) {
      Reply answer = commits.commit(worker.rank, generation, commit.step());
      out.reply(worker, request, answer);
      if (answer instanceof Committed) {
        admit(now);
      }
    } else if (message instanceof Suspect suspect) {
      suspect(worker, request, suspect, now);
    } else {
      board.request(worker, request, message, roster.ranked().size(), now);
      if (stage == Stage.RUNNING && board.open(Barrier.EXIT)) {
        farewell(now);
      }
    }
  }

  /** Ends the generation for the new workers that wait, if any do. */
  private void admit(long now) {
    admitAt = NEVER;
    List<Worker> waiting = roster.ready();
    if (stage == Stage.RUNNING && !waiting.isEmpty()) {
      abort(Abort.NOBODY, waiting.get(0).name() + " joins", now);
    }
  }

  private void suspect(Worker worker, long request, Suspect suspect, long now) {
    if (suspect.rank() >= roster.ranked().size()) {
      out.reply(worker, request, new Refusal(Code.BAD_REQUEST, "no rank of a member"));
      return;
    }
    Worker accused = roster.ranked().get(suspect.rank());
    String line = worker.name() + " has lost " + accused.name() + ": " + suspect.reason();
    if (watch.accuse(worker, accused, suspect.broken(), line, now)) {
      out.note(line);
    }
    out.reply(worker, request, new Done());
  }

  private void leave(Worker worker, long request, long now) {
    String name = worker.name();
    if (stage == Stage.RUNNING && worker.ranked()) {
      abort(worker.rank, name + " left", now);
    }
    out.note(name + " has left", stage != Stage.ENDING); // where all do
    out.reply(worker, request, new Done());
    out.close(worker.connection);
    roster.remove(worker);
    if (roster.size() == 0 && generation > 0) {
      end(OVER);
    } else if (stage == Stage.FORMING) {
      form(now);
    }
  }

  /** All members are done. */
  private void farewell(long now) {
    stage = Stage.ENDING;
    endAt = now + deadlines.goodbye();
    quorum.farewell(roster.ranked().size()).ifPresent(out::note);
    for (Worker worker : roster.all()) {
      if (!worker.ranked()) {
        expel(worker, Code.ENDED, admission.over(worker.self.id()).reason());
      }
    }
  }

  // ---- failures

  /** Takes out who is dead or gone; the one that was longest unheard is the culprit. */
  private void bury(long now) {
    for (Worker worker : roster.suspects(now, deadlines)) {
      out.note(worker.name() + " is suspected: it " + worker.absence(now));
    }
    for (Worker worker : roster.lost(now, deadlines)) {
      String reason = worker.name() + " " + worker.absence(now);
      if (stage == Stage.RUNNING && worker.ranked()) {
        abort(worker.rank, reason, now);
      } else {
        out.note(reason);
      }
      if (worker.connected() && stage != Stage.ENDING) {
        roster.removeSilent(worker);
      } else {
        roster.remove(worker);
      }
    }
  }

  private void watch(long now) {
    Optional<String> standstill = watch.standstill(roster.ranked(), now);
    if (standstill.isPresent()) {
      Worker culprit = watch.culprit(roster.ranked(), now);
      String reason = culprit.name() + " is the farthest behind: " + standstill.get();
      abort(culprit.rank, reason, now);
      admission.strike(culprit.self.id(), reason);
      expel(culprit, Code.STALE_GENERATION, reason);
    } else if (now >= admitAt) {
      admit(now);
    }
  }

  /** The generation has ended; who was in it shall come to the next. */
  private void abort(int culprit, String reason, long now) {
    out.note("generation %d ends: %s".formatted(generation, reason));
    out.verdict(roster.ranked(), new Abort(culprit, Limits.reason(reason)));
    board.clear();
    roster.endGeneration();
    stage = Stage.FORMING;
    quorum.begin(now);
    if (culprit != Abort.NOBODY) {
      quorum.lost(reason);
    }
  }

  private void fail(String reason) {
    failure = Optional.of(Limits.reason(reason));
    out.note("the job has failed: " + reason);
    roster.all().forEach(worker -> expel(worker, Code.TOO_FEW, reason));
    end(OVER);
  }

  private void end(String reason) {
    roster.all().forEach(worker -> expel(worker, Code.ENDED, reason));
    stage = Stage.ENDED;
  }

  private void expel(Worker worker, Code code, String reason) {
    if (worker.connected()) {
      out.lastWord(worker.connection, 0, code, reason);
    }
    roster.remove(worker);
  }
}
