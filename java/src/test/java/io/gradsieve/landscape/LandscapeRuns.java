package io.gradsieve.landscape;

import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Short runs and the settings to look around them. */
final class LandscapeRuns {
  private LandscapeRuns() {}

  /** Trains on one thread. */
  static Path train(Path out, String... options) {
    List<String> all = new ArrayList<>(List.of("threads=1", "out=" + out));
    all.addAll(List.of(options));
    TrainingRun.of(TrainingConfig.of(all.toArray(String[]::new))).run();
    return out;
  }

  /** The digits with a convolution and few weights: a landscape in a second. */
  static Path small(Path out, String... options) throws IOException {
    Path model =
        Files.writeString(
            Path.of(out + ".yaml"),
            """
            input: [1, 8, 8]
            layers:
              - conv2d: {channels: 4, kernel: 3}
              - relu
              - flatten
              - linear: {features: 10}
            """);
    List<String> all = new ArrayList<>(List.of("model=" + model));
    all.addAll(List.of(options));
    return train(out, all.toArray(String[]::new));
  }

  static Settings settings(Map<String, String> options) {
    return new SettingsReader("landscape", CommandOptions.LANDSCAPE).commandLine(options).resolve();
  }

  static NetworkLoss open(Path run) {
    return NetworkLoss.open(
        settings(Map.of("threads", "1")).with(Options.TRAINED_MODEL, run.toString(), "argument"),
        note -> {});
  }
}
