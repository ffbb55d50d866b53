package io.gradsieve.run;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.BackendInfo;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.ConfigText;
import io.gradsieve.config.Option;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.config.Settings.Setting;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.DataHash;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.run.CheckpointStore.Origin;
import io.gradsieve.train.EpochMetrics;
import io.gradsieve.train.Position;
import io.gradsieve.train.Recorder;
import io.gradsieve.train.Snapshot;
import io.gradsieve.train.TrainingResult;
import io.gradsieve.train.TrainingSession;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/** The files a run writes, and who writes which when. */
final class RunFiles implements Recorder, AutoCloseable {
  private final RunDirectory directory;
  private final MetricsFile metrics;
  private final Checkpoints checkpoints;
  private final ResultFiles results;
  private final CheckpointGate gate;
  private final Position position;

  private RunFiles(
      RunDirectory directory,
      MetricsFile metrics,
      Checkpoints checkpoints,
      ResultFiles results,
      CheckpointGate gate,
      Position position) {
    this.directory = directory;
    this.metrics = metrics;
    this.checkpoints = checkpoints;
    this.results = results;
    this.gate = gate;
    this.position = position;
  }

  /**
   * Makes the directory ready and, on resume, loads weights and optimizer of its newest good
   * checkpoint.
   *
   * @param notes takes a line for each thing a user should know
   */
  static RunFiles open(Path out, TrainingSession session, Consumer<String> notes) {
    return open(out, session, notes, CheckpointGate.OPEN);
  }

  /**
   * The same for the worker that writes; it goes on with what an earlier generation has left.
   *
   * @throws GradsieveException.BadData if the checkpoint that counts is not there
   */
  static RunFiles open(
      Path out, TrainingSession session, Consumer<String> notes, CheckpointGate gate) {
    TrainingConfig config = session.config();
    boolean later = gate.goesOn();
    gate.check();
    boolean goesOn = config.resume() || later && Files.exists(out.resolve(RunDirectory.CONFIG));
    RunDirectory directory =
        RunDirectory.open(out, goesOn, config.overwrite() || later, gate.job(), new DurableFiles());
    try {
      return open(directory, goesOn, out, session, notes, gate);
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  private static RunFiles open(
      RunDirectory directory,
      boolean goesOn,
      Path out,
      TrainingSession session,
      Consumer<String> notes,
      CheckpointGate gate) {
    TrainingConfig config = session.config();
    Map<String, String> found = machine(session.backend().info());
    if (!goesOn) {
      directory.write(RunDirectory.CONFIG, RunDirectory.text(ConfigText.of(config, found)));
      notes.accept("run: " + out);
    }
    List<String> warnings =
        config.resume() ? differences(directory, config, found) : new ArrayList<>();
    CheckpointStore store = directory.checkpoints(gate);
    if (gate.generation() > 0) {
      gate.check();
      store.adopt(gate.acceptedGeneration());
    }
    // the machine may be another than the run began on, which its checkpoints do not mind
    TrainingConfig begun =
        goesOn ? ResumedSettings.recorded(directory.file(RunDirectory.CONFIG)) : config;
    Origin origin = new Origin(begun.hash(), DataHash.of(session.data().dataset()));
    Optional<CheckpointStore.Good> good =
        goesOn ? store.newest(origin, warnings::add) : Optional.empty();
    Position position =
        good.map(checkpoint -> Checkpoints.restore(session, checkpoint))
            .orElseGet(() -> Position.start(config, session.data()));
    if (gate.acceptedGeneration() > 0 && position.updates() != gate.acceptedUpdates()) {
      throw new GradsieveException.BadData(
          "%s: the workers agreed on the checkpoint of step %,d, and the newest here is of step %,d; the directory must lie where every host sees it"
              .formatted(out, gate.acceptedUpdates(), position.updates()));
    }
    if (goesOn) {
      notes.accept(
          "run: %s goes on %s%s"
              .formatted(
                  out,
                  good.map(checkpoint -> "from " + checkpoint.path().getFileName())
                      .orElse("from the start: it has no good checkpoint"),
                  warnings.isEmpty() ? "" : "; warning: " + String.join("; ", warnings)));
    }
    long kept = good.map(Checkpoints::metricsBytes).orElse(0L);
    gate.check();
    MetricsFile metrics = new MetricsFile(directory.file(RunDirectory.METRICS), kept);
    Checkpoints checkpoints =
        new Checkpoints(store, metrics, config, origin, good.map(CheckpointStore.Good::path));
    return new RunFiles(
        directory, metrics, checkpoints, new ResultFiles(directory), gate, position);
  }

  private static Map<String, String> machine(BackendInfo info) {
    Map<String, String> machine = new LinkedHashMap<>();
    machine.put(
        "gradsieve",
        Objects.requireNonNullElse(
            RunFiles.class.getPackage().getImplementationVersion(), "development"));
    machine.put("java", System.getProperty("java.version"));
    machine.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    machine.put("device", info.device());
    machine.put("processor", info.processor());
    machine.put("instruction-set", info.instructionSet());
    machine.put("blas", info.blas());
    return machine;
  }

  /** In what the machine is another one than the run began on: none, or one warning. */
  private static List<String> differences(
      RunDirectory directory, TrainingConfig config, Map<String, String> found) {
    List<String> differences = new ArrayList<>();
    Settings begun = ResumedSettings.recorded(directory.file(RunDirectory.CONFIG)).settings();
    for (Option<?> option : CommandOptions.MACHINE_ON_RESUME) {
      String now = config.settings().setting(option).map(Setting::text).orElse("");
      String before = begun.setting(option).map(Setting::text).orElse(now);
      if (!before.equals(now)) {
        differences.add("%s (%s, the run began with %s)".formatted(option.dashed(), now, before));
      }
    }
    Map<String, String> recorded = ConfigText.machine(directory.file(RunDirectory.CONFIG));
    found.forEach(
        (key, value) -> {
          String before = recorded.getOrDefault(key, value);
          boolean told = key.equals(Options.DEVICE.name());
          if (!told && !before.equals(value)) {
            differences.add("%s (%s, the run began with %s)".formatted(key, value, before));
          }
        });
    List<String> warnings = new ArrayList<>();
    if (!differences.isEmpty()) {
      warnings.add(
          "this machine differs in %s, so results may differ in the last bits"
              .formatted(String.join(", ", differences)));
    }
    return warnings;
  }

  /** Where the run goes on. */
  Position position() {
    return position;
  }

  @Override
  public Optional<Path> lastCheckpoint() {
    return checkpoints.last();
  }

  /** The metrics first: a checkpoint knows how long they are. */
  @Override
  public Optional<Path> epochFinished(Snapshot snapshot, EpochMetrics epoch) {
    gate.check();
    metrics.append(epoch);
    return checkpoints.epochFinished(snapshot);
  }

  @Override
  public Optional<Path> interrupted(Snapshot snapshot) {
    return checkpoints.interrupted(snapshot);
  }

  @Override
  public void runFinished(Snapshot snapshot, TrainingResult result) {
    if (result.signal() == 0) {
      gate.check();
      results.write(snapshot);
    }
  }

  /** Lists the logs of so many workers among what the run has written. */
  void listLogs(int workers) {
    for (int rank = 0; rank < workers; rank++) {
      directory.list(RankLog.name(rank));
    }
  }

  @Override
  public void close() {
    directory.close();
  }

  /** Writes the trace of {@code --profile}. */
  void trace(String json) {
    directory.writeOptional(RunDirectory.PROFILE, RunDirectory.text(json));
  }
}
