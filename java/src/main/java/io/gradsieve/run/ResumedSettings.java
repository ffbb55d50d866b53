package io.gradsieve.run;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.Option;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.config.Settings.Setting;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.config.TrainingConfig;
import java.nio.file.Path;

/** The settings of a run that goes on: those of its {@code config.yaml}. */
public final class ResumedSettings {
  private ResumedSettings() {}

  /**
   * The configuration of a run; where {@code asked} resumes, everything else comes from the run's
   * {@code config.yaml}. One that came from here stays as it is.
   *
   * @throws GradsieveException.BadData if there is no run to resume
   * @throws GradsieveException.Usage if another option was given with another value
   */
  public static TrainingConfig of(TrainingConfig asked) {
    // once taken over, --resume counts as found and no longer as given
    if (!asked.resume() || !asked.settings().given(Options.RESUME)) {
      return asked;
    }
    Path out = asked.out().orElseThrow();
    RunDirectory.check(out, true, false);
    return new TrainingConfig(of(asked.settings(), out.resolve(RunDirectory.CONFIG)));
  }

  /** All from the run's {@code config.yaml}. */
  static TrainingConfig recorded(Path config) {
    return new TrainingConfig(
        new SettingsReader("train", CommandOptions.TRAIN).file(config).resolve());
  }

  /**
   * All from the run's {@code config.yaml}, but for options that leave the weights as they are, and
   * those of the machine, which may be another one.
   *
   * @throws GradsieveException.Usage if another option was given with another value
   */
  private static Settings of(Settings asked, Path config) {
    Settings recorded = recorded(config).settings();
    Settings effective =
        recorded
            .find(Options.PRECISION)
            .map(precision -> recorded.with(Options.PRECISION, precision, "as the run began"))
            .orElse(recorded);
    for (Option<?> option : CommandOptions.ANEW_ON_RESUME) {
      effective = effective.without(option);
    }
    for (Setting<?> setting : asked.all()) {
      if (!asked.given(setting.option())
          && !CommandOptions.ANEW_ON_RESUME.contains(setting.option())) {
        continue;
      }
      if (CommandOptions.FREE_ON_RESUME.contains(setting.option())
          || CommandOptions.MACHINE_ON_RESUME.contains(setting.option())) {
        effective = take(effective, setting);
      } else {
        compare(setting, recorded, config);
      }
    }
    return effective;
  }

  private static <T> Settings take(Settings settings, Setting<T> setting) {
    return settings.with(setting.option(), setting.value(), setting.origin());
  }

  private static void compare(Setting<?> asked, Settings recorded, Path config) {
    Option<?> option = asked.option();
    String before = recorded.setting(option).map(Setting::text).orElse("none");
    if (!asked.text().equals(before)) {
      throw new GradsieveException.Usage(
          "%s %s: the run to resume has %s (%s); leave it out or start another run"
              .formatted(option.dashed(), asked.text(), before, config));
    }
  }
}
