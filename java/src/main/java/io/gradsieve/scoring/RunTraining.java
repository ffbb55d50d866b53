package io.gradsieve.scoring;

import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.Option;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.run.ModelSource;
import io.gradsieve.sieve.Score;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The training of a run, to be done again on other samples. */
final class RunTraining {
  private static final String ORIGIN = "held-out training";

  /** What this call says and not the run: the data (or the run's, filled in), and the machine. */
  private static final List<Option<?>> OF_THIS_CALL =
      List.of(
          Options.DATA,
          Options.DATA_DIR,
          Options.LABEL,
          Options.ID,
          Options.IGNORE,
          Options.WEIGHT,
          Options.DEVICE,
          Options.THREADS,
          Options.PRECISION);

  private RunTraining() {}

  /**
   * All that the run was trained with, but without a sieve and a validation part, and from new
   * weights: those that it began with may have seen what is held out.
   *
   * @param config the run's {@code config.yaml}
   * @param source its network
   * @param settings of this call, completed by the run's data
   * @param notes takes what is not as it was
   */
  static TrainingConfig again(
      Path config, ModelSource source, Settings settings, Consumer<String> notes) {
    Settings run = new SettingsReader("train", CommandOptions.TRAIN).file(config).resolve();
    run.find(Options.WEIGHTS)
        .ifPresent(
            began ->
                notes.accept(
                    "the trainings begin with new weights, not with %s, which may know the samples held out"
                        .formatted(began)));
    Settings again =
        run.without(Options.WEIGHTS)
            .without(Options.OUT)
            .with(Options.SIEVE, "none", ORIGIN)
            .with(Options.SCORE, Score.GRAD_NORM.key(), ORIGIN)
            .with(Options.VALIDATION, 0.0, ORIGIN)
            .with(Options.BATCH_SIZE, run.get(Options.BATCH_SIZE), ORIGIN)
            .with(Options.MODEL, source.file().map(Path::toString).orElse(""), ORIGIN);
    for (Option<?> option : OF_THIS_CALL) {
      again = take(again.without(option), settings, option);
    }
    if (settings.given(Options.SEED)) {
      again = take(again, settings, Options.SEED);
    }
    return new TrainingConfig(again);
  }

  private static <T> Settings take(Settings to, Settings from, Option<T> option) {
    Optional<T> value = from.find(option);
    return value.isPresent() ? to.with(option, value.get(), ORIGIN) : to;
  }
}
