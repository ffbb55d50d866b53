package io.gradsieve.dist.launch;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What follows when workers of this host end: a state machine without processes or a clock. Time is
 * milliseconds of a clock that never goes back. Not for several threads.
 *
 * <pre>
 * RUNNING --- one ends for good, the job failed, or too few restarts ---> WINDING
 *    |                                                                       | a grace to end
 *    '---------------------- a signal asks for the end ---------------> ASKED (SIGTERM)
 *                                                                            | 25 s and a margin
 *                                                                        KILLED (SIGKILL)
 * </pre>
 *
 * <p>It is over when no worker lives. A worker that fails after another one is done is not
 * restarted and spoils nothing: who is done has waited for all that counted.
 */
final class Supervisor {
  /** Exit codes that another attempt would end with too, or that were asked for. */
  private static final Set<Integer> FINAL = Set.of(2, 3, 4, 5, 7, 130, 143);

  /** A signal's codes: the workers agree to stop, and save. */
  private static final Set<Integer> STOPPED = Set.of(130, 143);

  /** A worker's code that could not go on without the others. */
  static final int LOST = 6;

  /** For all to see the same error by themselves, and say so. */
  private static final long GRACE = 2_000;

  /** A worker that is asked to stop has 25 s to save; this is a little more. */
  static final long SAVING = 30_000;

  /** A killed process is gone at once; what waits for a dead disk is not waited for. */
  private static final long BURIAL = 10_000;

  private enum Phase {
    RUNNING,
    WINDING,
    ASKED,
    KILLED
  }

  /** What is to be done now. */
  enum Action {
    NOTHING,
    /** The worker that has just ended is started anew. */
    RESTART,
    /** All that live are asked to end. */
    ASK,
    /** All that live are killed. */
    KILL,
    /** Those that live are left. */
    LEAVE
  }

  /** How the job stands, as far as it is known here. */
  enum Job {
    OPEN,
    /** All its workers are done. */
    DONE,
    FAILED
  }

  private final BitSet living = new BitSet();
  private final long failureTimeout;
  private final List<Ending> endings = new ArrayList<>();
  private final List<Long> times = new ArrayList<>();
  private int restarts;
  private Phase phase = Phase.RUNNING;
  private long phaseEnd = Long.MAX_VALUE;
  private boolean done;
  private long doneAt;
  private int code;
  private Optional<Ending> culprit = Optional.empty();

  /**
   * Of workers that have just been started.
   *
   * @param restarts how many there may be
   * @param failureTimeout milliseconds
   */
  Supervisor(int workers, int restarts, long failureTimeout) {
    living.set(0, workers);
    this.restarts = restarts;
    this.failureTimeout = failureTimeout;
  }

  /** Whether no worker lives. */
  boolean over() {
    return living.isEmpty();
  }

  boolean lives(int worker) {
    return living.get(worker);
  }

  /** Whether those that live were asked to end: that they do is no news. */
  boolean asked() {
    return phase == Phase.ASKED || phase == Phase.KILLED;
  }

  /** Restarts that are left. */
  int restartsLeft() {
    return restarts;
  }

  /** A worker has ended. */
  Action ended(Ending ending, Job job, long now) {
    living.clear(ending.worker());
    endings.add(ending);
    times.add(now);
    int status = ending.status();
    if (status == 0) {
      doneAt = done ? doneAt : now;
      done = true;
    }
    if (phase != Phase.RUNNING) {
      // asked to stop, but could not: a full disk is not what was asked for
      if (STOPPED.contains(code) && FINAL.contains(status) && !STOPPED.contains(status)) {
        blame(status, ending);
      }
      return Action.NOTHING;
    }
    if (status == 0 || (!FINAL.contains(status) && (done || job == Job.DONE))) {
      return Action.NOTHING;
    }
    if (FINAL.contains(status)) {
      blame(status, ending);
      wind(now, STOPPED.contains(status) ? SAVING : GRACE);
      return Action.NOTHING;
    }
    if (job == Job.FAILED || restarts == 0) {
      blame(LOST, firstOfLate(now));
      wind(now, GRACE);
      return Action.NOTHING;
    }
    restarts--;
    living.set(ending.worker());
    return Action.RESTART;
  }

  /** A signal came to this process: once is asking, twice is an order. */
  Action signalled(int signal, long now) {
    if (phase == Phase.ASKED || phase == Phase.KILLED) {
      return kill(now);
    }
    if (phase == Phase.RUNNING) {
      code = Ending.SIGNALLED + signal;
    }
    return ask(now);
  }

  /**
   * Time has passed.
   *
   * @param stopped whether all that live are stopped by SIGSTOP
   */
  Action tick(Job job, boolean stopped, long now) {
    if (over()) {
      return Action.NOTHING;
    }
    if (phase == Phase.RUNNING) {
      // the last steps are saving and scoring, which may take long; who is stopped does neither
      if (done && now - doneAt >= (stopped ? failureTimeout : 20 * failureTimeout)) {
        return ask(now);
      }
      if (job == Job.FAILED) {
        code = LOST;
        wind(now, SAVING);
      }
      return Action.NOTHING;
    }
    if (now < phaseEnd) {
      return Action.NOTHING;
    }
    return switch (phase) {
      case WINDING -> ask(now);
      case ASKED -> kill(now);
      default -> {
        living.clear();
        yield Action.LEAVE;
      }
    };
  }

  private void wind(long now, long grace) {
    phase = Phase.WINDING;
    phaseEnd = now + grace;
  }

  private Action ask(long now) {
    phase = Phase.ASKED;
    phaseEnd = now + SAVING;
    return Action.ASK;
  }

  private Action kill(long now) {
    phase = Phase.KILLED;
    phaseEnd = now + BURIAL;
    return Action.KILL;
  }

  private void blame(int exitCode, Ending ending) {
    code = exitCode;
    culprit = Optional.of(ending);
  }

  /** The first of those that ended lately, but who only lost the others is seldom the cause. */
  private Ending firstOfLate(long now) {
    List<Ending> late = new ArrayList<>();
    for (int i = 0; i < endings.size(); i++) {
      if (endings.get(i).status() != 0 && now - times.get(i) <= 2 * failureTimeout) {
        late.add(endings.get(i));
      }
    }
    return late.stream().filter(e -> e.status() != LOST).findFirst().orElse(late.get(0));
  }

  /** The job's exit code here; only when it is {@link #over}. Others may have done the job. */
  int exitCode(Job job) {
    boolean allDone = !endings.isEmpty() && endings.stream().allMatch(e -> e.status() == 0);
    if (code > Ending.SIGNALLED && allDone) {
      return 0; // the signal came when all was done
    }
    return code != 0 || done || job == Job.DONE ? code : LOST;
  }

  /** Who made it fail. */
  Optional<Ending> culprit() {
    return culprit.or(
        () -> done ? Optional.empty() : endings.stream().filter(e -> e.status() != 0).findFirst());
  }

  /** Those that did not end well, in order. */
  List<Ending> failures() {
    return endings.stream().filter(e -> e.status() != 0).toList();
  }
}
