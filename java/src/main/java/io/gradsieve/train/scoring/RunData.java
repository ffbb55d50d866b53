package io.gradsieve.train.scoring;

import io.gradsieve.train.ModelSource;
import io.gradsieve.train.RunDirectory;
import io.gradsieve.train.option.CommandOptions;
import io.gradsieve.train.option.Option;
import io.gradsieve.train.option.Options;
import io.gradsieve.train.option.Settings;
import io.gradsieve.train.option.SettingsReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The data a model was trained on, where a command names none. */
final class RunData {
  private static final List<Option<?>> DATA_OPTIONS =
      List.of(
          Options.DATA,
          Options.DATA_DIR,
          Options.LABEL,
          Options.ID,
          Options.IGNORE,
          Options.WEIGHT);

  private RunData() {}

  /**
   * The settings with the run's data options, unless {@code --data} was given.
   *
   * @throws io.gradsieve.GradsieveException.Usage if an output would write over that data
   */
  static Settings complete(Settings settings, ModelSource source) {
    Optional<Path> config = source.run().flatMap(RunData::config);
    if (settings.given(Options.DATA) || config.isEmpty()) {
      return settings.protectInputs();
    }
    Settings run = new SettingsReader("train", CommandOptions.TRAIN).file(config.get()).resolve();
    Settings complete = settings;
    for (Option<?> option : DATA_OPTIONS) {
      complete = take(complete, run, option);
    }
    return complete.protectInputs();
  }

  private static <T> Settings take(Settings settings, Settings run, Option<T> option) {
    if (settings.given(option)) {
      return settings;
    }
    return run.find(option)
        .map(value -> settings.with(option, value, "the run's " + RunDirectory.CONFIG))
        .orElse(settings);
  }

  /** Of a run, or of the run a checkpoint is in. */
  private static Optional<Path> config(Path directory) {
    Path own = directory.resolve(RunDirectory.CONFIG);
    Path above = directory.resolve("../..").resolve(RunDirectory.CONFIG);
    return Files.exists(own) ? Optional.of(own) : Optional.of(above).filter(Files::exists);
  }
}
