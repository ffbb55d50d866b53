package io.gradsieve.train;

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
import io.gradsieve.train.checkpoint.CheckpointStore;
import io.gradsieve.train.checkpoint.CheckpointStore.Origin;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/** The files a run writes, and who writes which when. */
final class RunFiles {
  private final RunDirectory directory;
  private final MetricsFile metrics;
  private final Checkpoints checkpoints;
  private final ResultFiles results;

  private RunFiles(
      RunDirectory directory, MetricsFile metrics, Checkpoints checkpoints, ResultFiles results) {
    this.directory = directory;
    this.metrics = metrics;
    this.checkpoints = checkpoints;
    this.results = results;
  }

  /**
   * Makes the directory ready and, on resume, restores the state from its newest good checkpoint.
   */
  static RunFiles open(Path out, TrainingState state, BackendInfo machine, Consumer<String> notes) {
    TrainingConfig config = state.config;
    RunDirectory directory =
        RunDirectory.open(out, config.resume(), config.overwrite(), new DurableFiles());
    Map<String, String> found = machine(machine);
    if (!config.resume()) {
      directory.writeText(RunDirectory.CONFIG, ConfigText.of(config, found));
      notes.accept("run: " + out);
    }
    List<String> warnings = config.resume() ? differences(directory, config, found) : List.of();
    CheckpointStore store = directory.checkpoints();
    // the machine may be another than the run began on, which its checkpoints do not mind
    TrainingConfig begun =
        config.resume() ? ResumedSettings.recorded(directory.file(RunDirectory.CONFIG)) : config;
    Origin origin = new Origin(begun.hash(), DataHash.of(state.data.dataset()));
    Optional<CheckpointStore.Good> good =
        config.resume() ? store.newest(origin, warnings::add) : Optional.empty();
    good.ifPresent(checkpoint -> Checkpoints.restore(state, checkpoint));
    if (config.resume()) {
      notes.accept(
          "run: %s goes on %s%s"
              .formatted(
                  out,
                  good.map(checkpoint -> "from " + checkpoint.path().getFileName())
                      .orElse("from the start: it has no good checkpoint"),
                  warnings.isEmpty() ? "" : "; warning: " + String.join("; ", warnings)));
    }
    long kept = good.map(Checkpoints::metricsBytes).orElse(0L);
    MetricsFile metrics = new MetricsFile(directory.file(RunDirectory.METRICS), kept);
    Checkpoints checkpoints =
        new Checkpoints(store, metrics, config, origin, good.map(CheckpointStore.Good::path));
    return new RunFiles(directory, metrics, checkpoints, new ResultFiles(directory));
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

  /** In the order they are told. */
  List<TrainingListener> listeners() {
    return List.of(metrics, checkpoints, results);
  }

  Optional<Path> lastCheckpoint() {
    return checkpoints.last();
  }

  /** Writes the trace of {@code --profile}. */
  void trace(String json) {
    directory.writeOptional(RunDirectory.PROFILE, RunDirectory.text(json));
  }

  Path path() {
    return directory.path();
  }
}
