package io.gradsieve.bench.experiments;

import io.gradsieve.train.EpochMetrics;
import io.gradsieve.train.Trainer;
import io.gradsieve.train.TrainingConfig;
import io.gradsieve.train.TrainingListener;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * One training.
 *
 * @param group what it is compared within: runs that differ by their seed alone have the same
 * @param seed of the run
 * @param fullEpochs of the run that it is a share of
 * @param options {@code key=value} as {@code train} takes them, the seed apart
 */
record Experiment(String group, int seed, int fullEpochs, List<String> options) {
  String name() {
    return group + "-seed" + seed;
  }

  /** The same with another value of one option. */
  Experiment with(String option) {
    String key = option.substring(0, option.indexOf('=') + 1);
    List<String> changed = new ArrayList<>(options);
    changed.removeIf(before -> before.startsWith(key));
    changed.add(option);
    return new Experiment(group, seed, fullEpochs, changed);
  }

  /** Trains on one thread, without files. */
  Outcome run() {
    List<String> all = new ArrayList<>(options);
    all.add("seed=" + seed);
    all.add("threads=1");
    List<EpochMetrics> epochs = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void epochFinished(io.gradsieve.train.TrainingState state, EpochMetrics metrics) {
            epochs.add(metrics);
          }
        };
    Trainer.of(TrainingConfig.of(all.toArray(String[]::new)), listener).run();
    return Outcome.of(this, epochs, LocalDate.now().toString());
  }
}
