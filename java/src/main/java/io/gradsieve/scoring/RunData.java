package io.gradsieve.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.Option;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Split;
import io.gradsieve.format.FileNames;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.run.ModelSource;
import io.gradsieve.run.RunDirectory;
import io.gradsieve.sieve.ScoreColumns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The data a model was trained on, as its run's {@code config.yaml} has it. */
final class RunData {
  private static final List<Option<?>> DATA_OPTIONS =
      List.of(
          Options.DATA,
          Options.DATA_DIR,
          Options.LABEL,
          Options.ID,
          Options.IGNORE,
          Options.WEIGHT);

  private final Path directory;
  private final Settings run;
  private final boolean named;

  private RunData(Path config, Settings settings) {
    directory = config.toAbsolutePath().getParent();
    run = settings(config);
    named = same(settings.get(Options.DATA), run.get(Options.DATA));
  }

  private static Settings settings(Path config) {
    return new SettingsReader("train", CommandOptions.TRAIN).file(config).resolve();
  }

  /**
   * Of the run that weights lie in, or whose checkpoint they are of; empty where the settings take
   * other labels than it did.
   */
  static Optional<RunData> of(Path weights, Settings settings) {
    return config(weights.toAbsolutePath().getParent())
        .map(config -> new RunData(config, settings))
        .filter(data -> !data.relabelled(settings));
  }

  /**
   * The settings with the run's data options, unless {@code --data} was given.
   *
   * @throws io.gradsieve.GradsieveException.Usage if an output would write over that data
   */
  static Settings complete(Settings settings, ModelSource source) {
    Optional<Path> config = config(source);
    if (settings.given(Options.DATA) || config.isEmpty()) {
      return settings.protectInputs();
    }
    Settings run = settings(config.get());
    checkThere(config.get(), run.get(Options.DATA));
    Settings complete = settings;
    for (Option<?> option : DATA_OPTIONS) {
      complete = take(complete, run, option);
    }
    return complete.protectInputs();
  }

  /** Paths of a run are as seen from where it was started. */
  private static void checkThere(Path config, String data) {
    boolean path = data.indexOf('/') >= 0 || data.indexOf('.') >= 0;
    if (path && !Files.exists(FileNames.path(Options.DATA.dashed(), data))) {
      throw new GradsieveException.BadData(
          "%s: the data of this run, %s, does not exist as seen from here; name it with --data"
              .formatted(config, data));
    }
  }

  private static <T> Settings take(Settings settings, Settings run, Option<T> option) {
    if (settings.given(option)) {
      return settings;
    }
    return run.find(option)
        .map(value -> settings.with(option, value, "the run's " + RunDirectory.CONFIG))
        .orElse(settings);
  }

  /** What the run was started with that a network is of, or its weights; empty: of none. */
  static Optional<Path> config(ModelSource source) {
    return source
        .run()
        .or(() -> source.weights().map(weights -> weights.toAbsolutePath().getParent()))
        .flatMap(RunData::config);
  }

  /** Of a run, or of the run a checkpoint is in. */
  private static Optional<Path> config(Path directory) {
    Path own = directory.resolve(RunDirectory.CONFIG);
    Path above = directory.resolve("../..").resolve(RunDirectory.CONFIG);
    return Files.exists(own) ? Optional.of(own) : Optional.of(above).filter(Files::exists);
  }

  private boolean relabelled(Settings settings) {
    Optional<String> label = settings.find(Options.LABEL);
    Optional<String> ran = run.find(Options.LABEL);
    return label.isPresent() && ran.isPresent() && !label.equals(ran);
  }

  /** Whether the settings name the data that the run was trained on; it may have changed since. */
  boolean named() {
    return named;
  }

  /** What the run says of its training samples; empty if it has not ended. */
  Optional<Path> scores() {
    return Optional.of(directory.resolve(RunDirectory.SCORES)).filter(Files::exists);
  }

  private static boolean same(String data, String other) {
    try {
      return data.equals(other)
          || Files.exists(Path.of(data))
              && Files.exists(Path.of(other))
              && Files.isSameFile(Path.of(data), Path.of(other));
    } catch (IOException | InvalidPathException e) {
      return false;
    }
  }

  /**
   * The data's training part as the run cut it; empty of other data. By content it is known again
   * wherever it lies; without (older runs, a run that has not ended) by its path.
   */
  Optional<Split.Parts> parts(Dataset data) {
    double share = run.find(Options.VALIDATION).orElse(0.0);
    Split.Parts parts = Split.stratified(data, data.train(), share, run.get(Options.SEED));
    boolean same = scores().map(file -> scored(file, data, parts.train())).orElse(named);
    return same ? Optional.of(parts) : Optional.empty();
  }

  /**
   * The training samples of other data that the run was trained on, ascending, by content: none
   * unless all that it was trained on is there, in whatever order.
   */
  int[] within(Dataset data) {
    Map<String, Integer> left = scores().map(RunData::contents).orElseGet(HashMap::new);
    int trained = left.values().stream().mapToInt(count -> count).sum();
    int[] found =
        Arrays.stream(data.train()).filter(sample -> takeOne(left, data.content(sample))).toArray();
    return found.length == trained ? found : new int[0];
  }

  private static boolean takeOne(Map<String, Integer> left, String content) {
    Integer rest = left.computeIfPresent(content, (same, count) -> count - 1);
    return rest != null && rest >= 0;
  }

  /** How many samples of a run have each content. */
  private static Map<String, Integer> contents(Path scores) {
    Map<String, Integer> contents = new HashMap<>();
    try (CsvTable table = CsvTable.open(scores)) {
      int content = table.header().indexOf(ScoreColumns.CONTENT.key());
      while (content >= 0 && table.next()) {
        contents.merge(table.cell(content), 1, Integer::sum);
      }
    }
    return contents;
  }

  /** Whether the run's scores are of these samples. */
  private boolean scored(Path scores, Dataset data, int[] samples) {
    try (CsvTable table = CsvTable.open(scores)) {
      int index = table.header().indexOf(ScoreColumns.INDEX.key());
      int content = table.header().indexOf(ScoreColumns.CONTENT.key());
      boolean same = index >= 0 && (content >= 0 || named);
      int next = 0;
      while (same && table.next()) {
        same =
            next < samples.length
                && table.cell(index).equals(Long.toString(data.index(samples[next])))
                && (content < 0 || table.cell(content).equals(data.content(samples[next])));
        next++;
      }
      return same && next == samples.length;
    }
  }
}
