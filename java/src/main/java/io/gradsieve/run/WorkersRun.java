package io.gradsieve.run;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.Resources;
import io.gradsieve.config.JoiningConfig;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.config.WorkersConfig;
import io.gradsieve.data.DataHash;
import io.gradsieve.data.SharedSamples;
import io.gradsieve.dist.Activity;
import io.gradsieve.dist.cluster.Place;
import io.gradsieve.dist.control.Protection;
import io.gradsieve.dist.job.Generation;
import io.gradsieve.dist.job.Job;
import io.gradsieve.dist.job.Means;
import io.gradsieve.train.Position;
import io.gradsieve.train.PreparedTraining;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingListener;
import io.gradsieve.train.TrainingResult;
import io.gradsieve.train.TrainingSession;
import io.gradsieve.train.Workers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * This worker's part in a training by several. When one is lost, the others begin a new generation
 * at the last checkpoint that counts; one that comes back enters the same way.
 *
 * <pre>
 * read the data, resolve the model
 * join the job
 * for each generation:
 *   the first worker opens the run's directory; all begin where it stands
 *   train; the first worker writes metrics, checkpoints, results
 *   one is lost: hear from the server who, and go to the next generation
 * wait until all are done, leave
 * </pre>
 */
public final class WorkersRun {
  private final TrainingConfig config;
  private final Place place;
  private final JoiningConfig joining;
  private final List<TrainingListener> ofAll;
  private final List<TrainingListener> ofFirst;
  private final StopRequest stop;
  private final Consumer<String> notes;
  private final RankLog log = new RankLog();
  private final Activity activity = new Activity();
  private Optional<Path> out;

  /** Whether a generation that this worker was in has begun the run in its directory. */
  private boolean begun;

  /**
   * A worker at its place.
   *
   * @param joining with the secret's file, wherever it was named
   * @param ofAll listeners of every worker
   * @param ofFirst those of the first one, which shows the progress
   * @param notes takes the first worker's lines, and this one's warnings
   */
  public WorkersRun(
      TrainingConfig config,
      Place place,
      JoiningConfig joining,
      List<TrainingListener> ofAll,
      List<TrainingListener> ofFirst,
      StopRequest stop,
      Consumer<String> notes) {
    this.config = config;
    this.place = place;
    this.joining = joining;
    this.ofAll = List.copyOf(ofAll);
    this.ofFirst = List.copyOf(ofFirst);
    this.stop = stop;
    this.notes = notes;
    out = config.out();
  }

  /**
   * What this worker ended with.
   *
   * @param first whether it is the one that speaks for all
   * @param workers how many trained at the end
   */
  public record End(TrainingResult result, boolean first, int workers) {}

  /**
   * Trains to the end, or until one of the workers is asked to stop.
   *
   * @throws PeerLost if the job can't go on, naming the culprit
   * @throws GradsieveException of the kind that fits
   */
  public End run() {
    PreparedTraining training = Preparation.ofWorker(WorkerDefaults.of(config, place));
    WorkersConfig workers = training.config().workers();
    String dataHash = DataHash.of(training.data().dataset());
    Protection protection = Protection.of(joining.tokenFile(), tls(joining));
    try (log;
        SharedSamples samples = shared(training, dataHash);
        Job job =
            Job.join(
                place,
                describe(training, dataHash),
                protection,
                workers.interfaceName(),
                means(training.config()),
                joining.joinTimeout(),
                activity,
                this::hear)) {
      for (; ; ) {
        try (Generation generation = job.next()) {
          samples.close(); // all workers of this host have them
          Optional<End> end = attempt(job, generation, training);
          if (end.isPresent()) {
            return end.get();
          }
        }
      }
    }
  }

  /** The certificates of a job, as its connections take them. */
  public static Optional<Protection.Tls> tls(JoiningConfig joining) {
    return joining
        .tls()
        .map(files -> new Protection.Tls(files.certificate(), files.key(), files.authority()));
  }

  /** One copy for all workers of a host. */
  private SharedSamples shared(PreparedTraining training, String hash) {
    return place.localWorld().orElse(1) > 1
        ? SharedSamples.share(
            training.data().dataset(),
            Path.of(System.getProperty("java.io.tmpdir")),
            hash + "-" + Integer.toHexString(place.jobId().hashCode()),
            joining.joinTimeout())
        : SharedSamples.NONE;
  }

  private Job.Worker describe(PreparedTraining training, String dataHash) {
    TrainingConfig config = training.config();
    List<String> settings = new ArrayList<>(config.jobSettings(training.spec().toYaml()));
    settings.add("workers=%d in all".formatted(place.world()));
    return new Job.Worker(
        ProgramVersion.text(),
        HexFormat.of().parseHex(dataHash),
        settings,
        config.threads(),
        config.device().kind() == DeviceName.Kind.CPU ? Backends.instructionSet() : "");
  }

  private Means means(TrainingConfig of) {
    return new Means(
        of.workers().collective(),
        of.workers().compress(),
        of.device().kind() == DeviceName.Kind.CUDA ? of.device().number() : OptionalInt.empty(),
        this::halt);
  }

  /** A library does not come back, and its threads may write to memory of ours: end at once. */
  private void halt(String line) {
    tell("error: " + line);
    log.close();
    Runtime.getRuntime().halt(new PeerLost(line).exitCode());
  }

  /** Trains in a generation; empty if it ended before the training did. */
  private Optional<End> attempt(Job job, Generation generation, PreparedTraining training) {
    Workers workers =
        Workers.of(
            generation.collective(), generation.gradients(), activity, stop, generation::isOver);
    boolean first = generation.collective().rank() == 0;
    try {
      generation.instructionSet().ifPresent(Backends::use);
      TrainingResult result = train(workers, generation, training, first);
      log.line("waits for the others to be done");
      generation.farewell();
      return Optional.of(new End(result, first, generation.collective().world()));
    } catch (GradsieveException e) {
      if (workers.disagreement().isPresent() || !(e instanceof PeerLost) && !generation.isOver()) {
        log.line(String.valueOf(e.getMessage()));
        throw e;
      }
      PeerLost lost = e instanceof PeerLost known ? known : new PeerLost(e.getMessage(), e);
      String verdict = job.lost(generation, lost);
      String line = "warning: %s%s".formatted(verdict, job.isOver() ? "" : "; joins the next");
      log.line(line);
      if (first || spokesman()) {
        notes.accept(line);
      }
      return Optional.empty();
    }
  }

  private TrainingResult train(
      Workers workers, Generation generation, PreparedTraining prepared, boolean first) {
    Agreed agreed = agree(workers);
    Path directory = agreed.out();
    PreparedTraining training =
        new PreparedTraining(
            prepared.config().withOut(directory),
            prepared.data(),
            prepared.spec(),
            prepared.weights(),
            prepared.ruled());
    try (TrainingSession session = TrainingSession.open(training, workers);
        Resources open = new Resources()) {
      Consumer<String> told = first ? this::tell : log::line;
      if (generation.number() == 1) {
        Preparation.remarks(training).forEach(told);
        told.accept(Description.data(training.data()));
        told.accept(Description.network(training, session.backend().info()));
      }
      Optional<RunFiles> files =
          first
              ? Optional.of(RunFiles.open(directory, session, told, gate(generation, agreed)))
              : Optional.empty();
      files.ifPresent(f -> open.add(f::close));
      files.ifPresent(f -> f.listLogs(generation.collective().world()));
      Position from = Beginning.of(workers, session, files);
      begun = true;
      log.open(directory, generation.collective().rank());
      String rank =
          "generation %d: rank %d of %d"
              .formatted(
                  generation.number(),
                  generation.collective().rank(),
                  generation.collective().world());
      log.line("%s; %s".formatted(rank, RunLock.thisProcess()));
      if (!first && several()) {
        notes.accept(rank); // which no label of its launch says
      }
      List<TrainingListener> listeners = new ArrayList<>(ofAll);
      listeners.add(log);
      if (first) {
        listeners.addAll(ofFirst);
      }
      return TrainingRun.of(training, listeners, stop, told).train(training, session, from, files);
    }
  }

  /** Whether the job has workers on other hosts. */
  private boolean several() {
    return place.localWorld().orElse(0) != place.world();
  }

  /** Whether it tells what the first worker tells on its own host. */
  private boolean spokesman() {
    return several() && place.localRank() == 0;
  }

  private void tell(String line) {
    log.line(line);
    notes.accept(line);
  }

  /** A line of the connections': people see warnings. */
  private void hear(String line) {
    if (line.startsWith("warning: ")) {
      tell(line);
    } else {
      log.line(line);
    }
  }

  /**
   * What the workers of a generation know together.
   *
   * @param goesOn whether an earlier generation has begun the run there
   */
  private record Agreed(Path out, boolean goesOn) {}

  /** The run's directory: the first that a worker knows, else a new one of the first worker's. */
  private Agreed agree(Workers workers) {
    for (; ; ) {
      boolean goesOn = false;
      Optional<Path> first = Optional.empty();
      for (ByteBuffer known : workers.gather(encode())) {
        goesOn |= known.get() == 1;
        String path = StandardCharsets.UTF_8.decode(known).toString();
        first = first.isPresent() || path.isEmpty() ? first : Optional.of(Path.of(path));
      }
      if (first.isPresent()) {
        out = first;
        return new Agreed(first.get(), goesOn);
      }
      if (workers.share().rank() == 0) {
        out = Optional.of(RunDirectory.fresh(config));
      }
    }
  }

  /** What this worker knows: whether the run was begun, then its directory. */
  private ByteBuffer encode() {
    byte[] path = out.map(Path::toString).orElse("").getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(1 + path.length).put((byte) (begun ? 1 : 0)).put(path).flip();
  }

  private CheckpointGate gate(Generation generation, Agreed agreed) {
    return new CheckpointGate() {
      @Override
      public Optional<String> job() {
        return Optional.of(place.jobId());
      }

      @Override
      public int generation() {
        return generation.number();
      }

      @Override
      public boolean goesOn() {
        return agreed.goesOn() || generation.acceptedGeneration() > 0;
      }

      @Override
      public int acceptedGeneration() {
        return generation.acceptedGeneration();
      }

      @Override
      public long acceptedUpdates() {
        return generation.acceptedStep();
      }

      @Override
      public void check() {
        generation.check();
      }

      @Override
      public void commit(long updates) {
        generation.commit(updates);
      }
    };
  }
}
