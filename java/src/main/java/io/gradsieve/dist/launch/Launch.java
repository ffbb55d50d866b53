package io.gradsieve.dist.launch;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.control.Protection;
import io.gradsieve.dist.launch.Supervisor.Action;
import io.gradsieve.dist.rendezvous.Deadlines;
import io.gradsieve.dist.rendezvous.Rules;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * The workers of a job on this host, from their start to the last one's end. What to do is {@link
 * Supervisor}'s to say; here it is done.
 *
 * <pre>
 * serve the rendezvous, if it is on this host
 * start the workers
 * until none lives: wait for an end, a signal or a moment; do what follows
 * say who failed first, or give the first worker's result
 * </pre>
 */
public final class Launch {
  private static final long MOMENT_MILLIS = 200;
  private static final long LOOK_NANOS = 1_000_000_000L;

  /** Ends that are named besides the first. */
  private static final int MOST_NAMED = 3;

  private final Plan plan;
  private final IntFunction<List<String>> commands;
  private final Map<String, String> environment;
  private final Screen screen;
  private final boolean drawing;
  private final String host = hostName();
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final List<WorkerProcess> workers = new ArrayList<>();

  /** Something that happened elsewhere: an end, or a signal. */
  private record Event(Optional<WorkerProcess> ended, int signal) {}

  /**
   * What is to be started.
   *
   * @param workers of this host
   * @param nodes how many hosts
   * @param rendezvous where all meet; empty: on this host only
   * @param minWorkers the job goes on with so many
   * @param maxRestarts of this host's workers, in all
   * @param failureTimeout within which who fails is named
   * @param joinTimeout for the server to wait for enough workers
   * @param allowMinority whether half of the workers or fewer may go on
   * @param tokenFile the job's secret; empty: on one host a fresh one
   * @param tls certificates
   */
  public record Plan(
      int workers,
      int nodes,
      Optional<Address> rendezvous,
      int minWorkers,
      int maxRestarts,
      Duration failureTimeout,
      Duration joinTimeout,
      boolean allowMinority,
      Optional<Path> tokenFile,
      Optional<Protection.Tls> tls) {
    /**
     * Checked.
     *
     * @throws Usage if the options contradict each other
     */
    public Plan {
      if (nodes > 1 && rendezvous.isEmpty()) {
        throw new Usage(
            "--nodes %d: needs --rendezvous HOST:PORT, the same on all".formatted(nodes));
      }
      if (nodes > 1 && tokenFile.isEmpty() && tls.isEmpty()) {
        throw new Usage(
            "--nodes %d: the workers of several hosts need a secret: give --token-file (made once by openssl rand -hex 32 and copied to all), or --tls-cert, --tls-key and --tls-ca"
                .formatted(nodes));
      }
      if (nodes > 1 && rendezvous.filter(Address::meansAll).isPresent()) {
        throw new Usage(
            "--rendezvous %s: no host connects there, give the name or address of one of the hosts"
                .formatted(rendezvous.get()));
      }
      if (minWorkers > world(workers, nodes)) {
        throw new Usage(
            "--min-workers %d: the job has only %d".formatted(minWorkers, world(workers, nodes)));
      }
    }

    private static int world(int workers, int nodes) {
      return Math.multiplyExact(workers, nodes);
    }

    /** Workers of the whole job. */
    int world() {
      return world(workers, nodes);
    }
  }

  /**
   * How it ended.
   *
   * @param exitCode 0, or that of a signal
   * @param out what the worker that speaks for all printed as its result
   */
  public record End(int exitCode, String out) {}

  /**
   * A launch; {@link #run} starts it.
   *
   * @param commands the command of each worker, by its number on this host
   * @param environment more variables for the workers
   * @param err where lines go
   * @param drawing whether the first worker may draw on it
   */
  public Launch(
      Plan plan,
      IntFunction<List<String>> commands,
      Map<String, String> environment,
      PrintStream err,
      boolean drawing) {
    this.plan = plan;
    this.commands = commands;
    this.environment = Map.copyOf(environment);
    this.drawing = drawing;
    screen = new Screen(err);
  }

  /** A signal came: the first asks the workers to save and end, a second one kills them. */
  public void signal(int number) {
    events.add(new Event(Optional.empty(), number));
  }

  /**
   * Runs the job to its end.
   *
   * @throws GradsieveException of the kind of the first failure, naming its rank, host and end
   */
  public End run() {
    try (Secret secret = Secret.of(plan.tokenFile(), plan.nodes() == 1)) {
      Protection protection = Protection.of(secret.file(), plan.tls());
      String jobId = jobId();
      try (Meeting meeting =
          Meeting.open(
              plan.rendezvous(),
              plan.nodes() > 1,
              rules(jobId),
              protection,
              line -> note("rendezvous: " + line))) {
        return run(meeting, jobId, secret.file());
      }
    }
  }

  private Rules rules(String jobId) {
    try {
      return new Rules(
          jobId,
          OptionalInt.of(plan.world()),
          plan.minWorkers(),
          plan.allowMinority(),
          new Deadlines(Math.toIntExact(plan.failureTimeout().toMillis())),
          plan.joinTimeout().toMillis());
    } catch (IllegalArgumentException e) {
      throw new Usage("launch: " + e.getMessage());
    }
  }

  /** One host's job has a name of its own; several hosts know only what they have in common. */
  private String jobId() {
    Optional<String> given = Optional.ofNullable(System.getenv("GRADSIEVE_JOB_ID"));
    return given
        .filter(id -> !id.isBlank())
        .orElseGet(
            () ->
                plan.rendezvous()
                    .map(address -> "launch:" + address.port())
                    .orElseGet(() -> "launch:" + Secret.word()));
  }

  End run(Meeting meeting, String jobId, Optional<Path> tokenFile) {
    long failureTimeout = plan.failureTimeout().toMillis();
    Supervisor supervisor = new Supervisor(plan.workers(), plan.maxRestarts(), failureTimeout);
    try {
      for (int i = 0; i < plan.workers(); i++) {
        workers.add(null);
        start(i, meeting, jobId, tokenFile);
      }
      supervise(supervisor, meeting, jobId, tokenFile);
    } catch (IOException e) {
      throw new GradsieveException.Missing(
          "a worker's process can't be started: %s".formatted(e.getMessage()), e);
    } finally {
      each(WorkerProcess::kill); // nothing but a fault of ours leaves any
    }
    return end(supervisor, meeting);
  }

  private void start(int number, Meeting meeting, String jobId, Optional<Path> tokenFile)
      throws IOException {
    boolean alone = plan.nodes() == 1;
    Map<String, String> variables = new HashMap<>(environment);
    // On several hosts the server gives ranks; these only need to be possible.
    int rank = alone || meeting.here() ? number : plan.workers() + number;
    variables.put("GRADSIEVE_RANK", Integer.toString(rank));
    variables.put("GRADSIEVE_LOCAL_RANK", Integer.toString(number));
    variables.put("GRADSIEVE_WORLD_SIZE", Integer.toString(plan.world()));
    variables.put("GRADSIEVE_LOCAL_WORLD_SIZE", Integer.toString(plan.workers()));
    variables.put("GRADSIEVE_RENDEZVOUS", meeting.address().toString());
    variables.put("GRADSIEVE_JOB_ID", jobId);
    variables.put(ParentWatch.VARIABLE, "1");
    tokenFile.ifPresent(
        file -> variables.put("GRADSIEVE_TOKEN_FILE", file.toAbsolutePath().toString()));
    workers.set(
        number,
        WorkerProcess.start(
            number,
            alone ? "rank " + number : "worker " + number,
            host,
            ProgramCommand.shielded(commands.apply(number)),
            variables,
            screen,
            drawing && number == 0,
            worker -> events.add(new Event(Optional.of(worker), 0))));
  }

  private void supervise(
      Supervisor supervisor, Meeting meeting, String jobId, Optional<Path> tokenFile)
      throws IOException {
    long looked = System.nanoTime();
    while (!supervisor.over()) {
      Optional<Event> event = next();
      long now = System.nanoTime() / 1_000_000;
      if (event.isPresent() && event.get().ended().isPresent()) {
        Ending ending = event.get().ended().get().ending();
        String ended = ending.name() + " " + ending.how(); // its last error was just seen
        boolean lost = ending.status() == Supervisor.LOST;
        Supervisor.Job job = lost ? meeting.jobOfLost() : meeting.job();
        if (supervisor.ended(ending, job, now) == Action.RESTART) {
          note("%s; started again, restarts left: %d".formatted(ended, supervisor.restartsLeft()));
          start(ending.worker(), meeting, jobId, tokenFile);
        } else if (ending.status() != 0 && !supervisor.asked() && !supervisor.over()) {
          note(ended + (ending.isStop() ? "; if one process of a job is, all are" : ""));
        }
      } else if (event.isPresent()) {
        if (!supervisor.asked()) {
          note("asked to stop: all workers of the job finish their step, and save");
        }
        act(supervisor.signalled(event.get().signal(), now), supervisor);
      }
      if (System.nanoTime() - looked >= LOOK_NANOS) {
        looked = System.nanoTime();
        look(supervisor);
      }
      act(supervisor.tick(meeting.job(), allStopped(supervisor), now), supervisor);
    }
  }

  private Optional<Event> next() {
    try {
      return Optional.ofNullable(events.poll(MOMENT_MILLIS, TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      return Optional.of(new Event(Optional.empty(), 15)); // whoever interrupts wants the end
    }
  }

  private void look(Supervisor supervisor) {
    for (WorkerProcess worker : workers) {
      if (supervisor.lives(worker.number()) && worker.hasJustStopped()) {
        note(
            "%s is stopped (SIGSTOP); kill -CONT %d lets it go on"
                .formatted(worker.name(), worker.pid()));
      }
    }
  }

  private boolean allStopped(Supervisor supervisor) {
    return workers.stream().filter(w -> supervisor.lives(w.number())).allMatch(w -> w.stopped());
  }

  private void act(Action action, Supervisor supervisor) {
    for (WorkerProcess worker : workers) {
      if (supervisor.lives(worker.number())) {
        switch (action) {
          case ASK -> worker.ask();
          case KILL -> worker.kill();
          default -> {}
        }
      }
    }
  }

  private void each(Consumer<WorkerProcess> what) {
    workers.stream().filter(Objects::nonNull).forEach(what);
  }

  private End end(Supervisor supervisor, Meeting meeting) {
    int code = supervisor.exitCode(meeting.job());
    if (code == 0 || code > Ending.SIGNALLED) {
      List<String> results =
          workers.stream().map(WorkerProcess::out).filter(out -> !out.isEmpty()).toList();
      if (code == 0 && results.isEmpty() && plan.nodes() > 1) {
        note("the job is done; its result is in the output of the host of rank 0, and in --out");
      }
      return new End(code, results.isEmpty() ? "" : results.get(0));
    }
    String message = message(supervisor, meeting);
    meeting.end("the launch on %s has ended: %s".formatted(host, message));
    throw failure(code, message);
  }

  private String message(Supervisor supervisor, Meeting meeting) {
    StringBuilder text = new StringBuilder();
    Optional<Ending> first = supervisor.culprit();
    first.ifPresent(text::append);
    meeting
        .failure()
        .filter(reason -> text.indexOf(reason) < 0) // the worker may have said it
        .ifPresent(reason -> text.append(text.isEmpty() ? "" : "; ").append("the job: " + reason));
    if (first.isPresent() && plan.maxRestarts() > 0 && supervisor.restartsLeft() == 0) {
      text.append("; no restart is left of --max-restarts ").append(plan.maxRestarts());
    }
    List<Ending> others =
        supervisor.failures().stream().filter(e -> !first.equals(Optional.of(e))).toList();
    for (Ending other : others.subList(0, Math.min(MOST_NAMED, others.size()))) {
      text.append("; ").append(other.name()).append(' ').append(other.how());
    }
    if (others.size() > MOST_NAMED) {
      text.append("; and %d more".formatted(others.size() - MOST_NAMED));
    }
    return text.toString();
  }

  private static GradsieveException failure(int code, String message) {
    return switch (code) {
      case 2 -> new Usage(message);
      case 3 -> new GradsieveException.BadData(message);
      case 4 -> new GradsieveException.Missing(message);
      case 5 -> new GradsieveException.Diverged(message);
      case 7 -> new GradsieveException.Output(message);
      default -> new GradsieveException.PeerLost(message);
    };
  }

  private void note(String line) {
    screen.line("[launch] " + line);
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "this host";
    }
  }
}
