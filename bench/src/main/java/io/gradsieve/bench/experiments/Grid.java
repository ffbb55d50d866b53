package io.gradsieve.bench.experiments;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Which trainings belong to a question. To add one: a constant with its runs, and its row in
 * docs/results.
 *
 * <p>What every table has beside the policies are the controls that sink most methods: {@code
 * random} at the same budget, {@code soft} with a random score, and full data for fewer epochs,
 * with the schedule shortened, at the same batch and at the same number of steps, each at two
 * rates.
 */
enum Grid {
  /** Every policy and control at three budgets, Fashion-MNIST, {@code cnn}, batch 1024. */
  POLICIES {
    @Override
    List<Experiment> experiments(boolean quick) {
      int epochs = quick ? 3 : 12;
      List<Experiment> all = new ArrayList<>();
      List<String> base = base(epochs, 1024, 0.2);
      for (int seed : seeds(quick ? 1 : 3)) {
        all.add(new Experiment("full", seed, epochs, with(base, "sieve=none")));
        for (double budget : quick ? new double[] {0.65} : new double[] {0.5, 0.65, 0.8}) {
          String share = String.format(Locale.ROOT, "%.2f", budget);
          for (String policy : POLICIES_AT_A_BUDGET) {
            all.add(
                new Experiment(policy + "-" + share, seed, epochs, with(base, "sieve=" + policy)));
          }
          all.add(
              new Experiment(
                  "soft-random-score-" + share,
                  seed,
                  epochs,
                  with(base, "sieve=soft", "score=random")));
          fewerEpochs(all, share, seed, base, (int) Math.round(budget * epochs), epochs);
        }
      }
      return all;
    }
  },

  /**
   * A third of the work, batch 256, 12 epochs: {@code variance} against full data for four epochs
   * at as many steps, the rate tuned for both and for the full run.
   */
  THIRD {
    @Override
    List<Experiment> experiments(boolean quick) {
      List<Experiment> all = new ArrayList<>();
      List<String> base = base(12, 256, 0.05);
      for (int seed : seeds(quick ? 1 : 3)) {
        for (double rate : quick ? new double[] {0.07} : new double[] {0.05, 0.07, 0.1, 0.14}) {
          String rated = "-rate-" + rate;
          List<String> at = with(base, "lr=" + rate);
          all.add(new Experiment("full" + rated, seed, 12, with(at, "sieve=none")));
          // (1 + 11 · 3/11) of 12 epochs
          all.add(
              new Experiment(
                  "variance" + rated, seed, 12, with(at, "sieve=variance:keep=0.2727,floor=0.1")));
          all.add(
              new Experiment(
                  "fewer-same-steps" + rated,
                  seed,
                  12,
                  with(at, "sieve=none", "epochs=4", "eval-every=4", "batch-size=85")));
        }
      }
      return all;
    }
  },

  /**
   * Plain, large-batch recipe, recipe with the sieve, and the noise scale's own choice of batch.
   */
  BATCHES {
    @Override
    List<Experiment> experiments(boolean quick) {
      List<Experiment> all = new ArrayList<>();
      int epochs = quick ? 3 : 30;
      for (int seed : seeds(quick ? 1 : 3)) {
        List<String> small = base(epochs, 128, 0.05);
        all.add(new Experiment("plain-128", seed, epochs, with(small, "sieve=none")));
        all.add(new Experiment("auto", seed, epochs, with(small, "sieve=none", "batch-size=auto")));
        List<String> large = with(base(epochs, 8192, 0.05), "micro-batch=1024");
        all.add(new Experiment("plain-8192", seed, epochs, with(large, "sieve=none")));
        for (String sieve : List.of("none", "variance")) {
          String with = sieve.equals("none") ? "" : "-" + sieve;
          List<String> sieved = with(large, "sieve=" + sieve, "warmup=0.15");
          all.add(new Experiment("sqrt-8192" + with, seed, epochs, with(sieved, "lr=0.4")));
          all.add(
              new Experiment(
                  "lars-8192" + with, seed, epochs, with(sieved, "optimizer=lars", "lr=20")));
          all.add(
              new Experiment(
                  "lamb-8192" + with, seed, epochs, with(sieved, "optimizer=lamb", "lr=0.02")));
        }
      }
      return all;
    }
  };

  private static final List<String> POLICIES_AT_A_BUDGET =
      List.of(
          "variance",
          "soft",
          "hard",
          "hide",
          "order",
          "window",
          "batch",
          "importance",
          "coverage",
          "learned",
          "random");

  /** All runs of the grid, whether they were done or not; budgets are still to be met. */
  abstract List<Experiment> experiments(boolean quick);

  String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  private static int[] seeds(int count) {
    return IntStream.rangeClosed(1, count).toArray();
  }

  private static List<String> base(int epochs, int batch, double rate) {
    return List.of(
        "data=fashion-mnist",
        "model=cnn",
        "validation=0.1",
        "clip-norm=1",
        "epochs=" + epochs,
        "eval-every=" + epochs,
        "batch-size=" + batch,
        "lr=" + rate);
  }

  /** The options with some more, which replace those of the same key. */
  static List<String> with(List<String> options, String... more) {
    Experiment changed = new Experiment("", 0, 1, options);
    for (String option : more) {
      changed = changed.with(option);
    }
    return changed.options();
  }

  /** Full data for fewer epochs: the same batch at two rates, and as many steps at two rates. */
  private static void fewerEpochs(
      List<Experiment> all, String share, int seed, List<String> base, int fewer, int epochs) {
    List<String> shorter = with(base, "sieve=none", "epochs=" + fewer, "eval-every=" + fewer);
    for (double rate : new double[] {0.2, 0.3}) {
      all.add(
          new Experiment(
              "fewer-" + share + "-same-batch-rate-" + rate,
              seed,
              epochs,
              with(shorter, "lr=" + rate)));
    }
    String batch = "batch-size=" + Math.round(1024.0 * fewer / epochs);
    for (double rate : new double[] {0.1, 0.2}) {
      all.add(
          new Experiment(
              "fewer-" + share + "-same-steps-rate-" + rate,
              seed,
              epochs,
              with(shorter, batch, "lr=" + rate)));
    }
  }
}
