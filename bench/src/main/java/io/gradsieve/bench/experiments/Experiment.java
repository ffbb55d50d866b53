package io.gradsieve.bench.experiments;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.run.TrainingRun;
import io.gradsieve.train.EpochMetrics;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingListener;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One training.
 *
 * @param group what it is compared within: runs that differ by their seed alone have the same
 * @param seed of the run
 * @param fullEpochs of the run that it is a share of
 * @param options {@code key=value} as {@code train} takes them, the seed apart
 * @param budget share of the full run's backward work that the policy's key is to be set for; 1
 *     where the options say all
 * @param probe what is measured on the finished run besides
 */
record Experiment(
    String group, int seed, int fullEpochs, List<String> options, double budget, Probe probe) {
  /** Where runs that are looked into keep their files. */
  static final Path RUNS = MadeData.DIRECTORY.resolve("runs");

  /** As the options say, and nothing is measured besides. */
  Experiment(String group, int seed, int fullEpochs, List<String> options) {
    this(group, seed, fullEpochs, options, 1, Probe.NONE);
  }

  String name() {
    return group + "-seed" + seed;
  }

  /** The same with another value of one option. */
  Experiment with(String option) {
    String key = option.substring(0, option.indexOf('=') + 1);
    List<String> changed = new ArrayList<>(options);
    changed.removeIf(before -> before.startsWith(key));
    changed.add(option);
    return new Experiment(group, seed, fullEpochs, changed, budget, probe);
  }

  /** The same, with the key of its policy still to be found. */
  Experiment meeting(double share) {
    return new Experiment(group, seed, fullEpochs, options, share, probe);
  }

  /** The same, looked into when it has finished. */
  Experiment with(Probe value) {
    return new Experiment(group, seed, fullEpochs, options, budget, value);
  }

  /** The value of an option that it has. */
  String value(String key) {
    return options.stream()
        .filter(option -> option.startsWith(key + "="))
        .map(option -> option.substring(key.length() + 1))
        .findFirst()
        .orElseThrow();
  }

  /** Whether its files stay. */
  boolean keepsFiles() {
    return probe != Probe.NONE;
  }

  /** Trains on one thread; without files, unless it is looked into. */
  Outcome run() {
    List<String> all = new ArrayList<>(options);
    all.add("seed=" + seed);
    all.add("threads=1");
    Path files = RUNS.resolve(name());
    if (keepsFiles()) {
      all.add("out=" + files);
      all.add("overwrite=true");
    }
    List<EpochMetrics> epochs = train(all);
    Map<String, Double> figures = probe.figures(this, files);
    return Outcome.of(this, epochs, figures, LocalDate.now().toString());
  }

  /** What a training with these options measured, epoch by epoch. */
  static List<EpochMetrics> train(List<String> options) {
    List<EpochMetrics> epochs = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void epochFinished(EpochFinished event) {
            epochs.add(event.metrics());
          }
        };
    TrainingRun.of(TrainingConfig.of(options.toArray(String[]::new)), listener).run();
    return epochs;
  }
}
