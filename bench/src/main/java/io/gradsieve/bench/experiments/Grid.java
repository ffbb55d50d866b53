package io.gradsieve.bench.experiments;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Which trainings belong to a question. To add one: a constant with its runs, and its page in
 * docs/results.
 *
 * <p>Beside the policies stand the controls that sink most methods: {@code random} at the same
 * budget, {@code soft} with a random score ({@link #POLICIES}), and full data for fewer epochs,
 * with the schedule shortened. Where something is chosen, a tenth of the training data is set aside
 * for that, and the test part is not looked at.
 */
enum Grid {
  /** Every policy and control at three budgets, Fashion-MNIST, {@code cnn}, batch 1024. */
  POLICIES(Grid::policies),

  /** Full data and the two best policies at half the work, over batch sizes. */
  SIZES(Grid::sizes),

  /** A third and a quarter of the work: {@link LessWork#budgets}. */
  BUDGETS(LessWork::budgets),

  /** What {@link #BUDGETS} chose, on seeds that chose nothing: {@link LessWork#confirm}. */
  CONFIRM(LessWork::confirm),

  /** The third again, with Nesterov's momentum: {@link LessWork#nesterov}. */
  NESTEROV(LessWork::nesterov),

  /** What {@link #NESTEROV} chose, on fresh seeds: {@link LessWork#reconfirm}. */
  RECONFIRM(LessWork::reconfirm),

  /** The large-batch recipe, without and with the sieve, and the noise scale's own batch. */
  BATCHES(Grid::batches),

  /** A fifth of the labels wrong: finding them, and training again without, shortly and long. */
  LABELS(Grid::labels),

  /** Halves of tables and images, with and without wrong labels: {@link PrunedHalves}. */
  PRUNE(PrunedHalves::experiments),

  /** CIFAR-10, {@code resnet20}, 10,000 samples: does what holds on Fashion-MNIST hold there? */
  CIFAR(Grid::cifar),

  /** All of CIFAR-10, {@code cnn}, 40 epochs: what half the samples cost where training is long. */
  CIFAR_LONG(Grid::cifarLong),

  /** How curved the loss is where full data and the sieve end. */
  SHARPNESS(Grid::sharpness);

  /** Of a full run, unless its question asks for another length. */
  static final int EPOCHS = 12;

  private final Function<Boolean, List<Experiment>> experiments;

  Grid(Function<Boolean, List<Experiment>> experiments) {
    this.experiments = experiments;
  }

  /** All runs of the grid, whether they were done or not; budgets are still to be met. */
  List<Experiment> experiments(boolean quick) {
    return experiments.apply(quick);
  }

  String key() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Of all grids. */
  static List<String> keys() {
    return Stream.of(values()).map(Grid::key).toList();
  }

  private static List<Experiment> policies(boolean quick) {
    int epochs = quick ? 3 : EPOCHS;
    List<Experiment> all = new ArrayList<>();
    List<String> base = with(choosing(epochs), "batch-size=1024", "lr=0.2");
    for (int seed : seeds(quick ? 1 : 3)) {
      all.add(new Experiment("full", seed, epochs, base));
      for (double budget : quick ? new double[] {0.65} : new double[] {0.5, 0.65, 0.8}) {
        String share = String.format(Locale.ROOT, "%.2f", budget);
        for (String policy : Budget.POLICIES) {
          List<String> options = with(base, "sieve=" + policy);
          if (policy.equals("hide")) {
            // as published; by norms it would go backward with what it hides to score it
            options = with(options, "score=loss");
          }
          all.add(new Experiment(policy + "-" + share, seed, epochs, options).meeting(budget));
        }
        all.add(
            new Experiment(
                    "soft-random-score-" + share,
                    seed,
                    epochs,
                    with(base, "sieve=soft", "score=random"))
                .meeting(budget));
        fewerEpochs(all, share, seed, base, (int) Math.round(budget * epochs), epochs);
      }
    }
    return all;
  }

  /** Full data for fewer epochs: the same batch at two rates, and as many steps at two rates. */
  private static void fewerEpochs(
      List<Experiment> all, String share, int seed, List<String> base, int fewer, int epochs) {
    List<String> shorter = with(base, "epochs=" + fewer, "eval-every=" + fewer);
    List<String> smaller = with(shorter, "batch-size=" + Math.round(1024.0 * fewer / epochs));
    for (String rate : List.of("0.2", "0.3")) {
      String group = "fewer-" + share + "-same-batch-rate-" + rate;
      all.add(new Experiment(group, seed, epochs, with(shorter, "lr=" + rate)));
    }
    for (String rate : List.of("0.1", "0.2")) {
      String group = "fewer-" + share + "-same-steps-rate-" + rate;
      all.add(new Experiment(group, seed, epochs, with(smaller, "lr=" + rate)));
    }
  }

  private static List<Experiment> sizes(boolean quick) {
    int epochs = quick ? 3 : EPOCHS;
    List<Experiment> all = new ArrayList<>();
    for (int seed : seeds(quick ? 1 : 3)) {
      for (int batch : quick ? new int[] {1024} : new int[] {128, 1024, 4096, 8192}) {
        // the square-root rule, from 0.2 at 1024
        String rate = String.format(Locale.ROOT, "lr=%.3f", 0.2 * Math.sqrt(batch / 1024.0));
        List<String> at = with(choosing(epochs), "batch-size=" + batch, rate, "warmup=0.1");
        for (String policy : List.of("none", "batch", "coverage")) {
          boolean full = policy.equals("none");
          String group = (full ? "full" : policy + "-0.50") + "-batch-" + batch;
          all.add(
              new Experiment(group, seed, epochs, with(at, "sieve=" + policy))
                  .meeting(full ? 1 : 0.5));
        }
      }
    }
    return all;
  }

  private static List<Experiment> batches(boolean quick) {
    List<Experiment> all = new ArrayList<>();
    int epochs = quick ? 3 : 30;
    for (int seed : seeds(quick ? 1 : 3)) {
      List<String> small = with(choosing(epochs), "batch-size=128", "lr=0.05");
      all.add(new Experiment("plain-128", seed, epochs, small));
      all.add(new Experiment("auto", seed, epochs, with(small, "batch-size=auto")));
      List<String> large = with(small, "batch-size=8192", "micro-batch=1024");
      all.add(new Experiment("plain-8192", seed, epochs, large));
      List<String> warmed = with(large, "warmup=0.15");
      List<String> lamb = with(warmed, "optimizer=lamb", "lr=0.04");
      all.add(new Experiment("lars-8192", seed, epochs, with(warmed, "optimizer=lars", "lr=16")));
      recipe(all, "sqrt-8192", seed, epochs, with(warmed, "lr=0.4"));
      recipe(all, "lamb-8192", seed, epochs, lamb);
      // Four steps an epoch instead of seven, for as many epochs and for as many steps. The rule
      // multiplies the rate by 7/4, so also from where that ends at lamb's best.
      int longer = 1 + (epochs - 1) * 7 / 4;
      for (String rate : List.of("0.04", "0.023")) {
        List<String> fewer = with(lamb, "sieve=variance:steps=fewer", "lr=" + rate);
        List<String> more = with(fewer, "epochs=" + longer, "eval-every=" + longer);
        String group = "lamb-8192-sieve-fewer-steps-rate-" + rate;
        all.add(new Experiment(group, seed, epochs, fewer));
        all.add(new Experiment(group + "-more-epochs", seed, epochs, more));
      }
    }
    return all;
  }

  /** Without and with the sieve, in as many steps. */
  private static void recipe(
      List<Experiment> all, String group, int seed, int epochs, List<String> options) {
    all.add(new Experiment(group, seed, epochs, options));
    all.add(new Experiment(group + "-sieve", seed, epochs, with(options, "sieve=variance")));
  }

  private static List<Experiment> labels(boolean quick) {
    int epochs = quick ? 3 : 8;
    int more = quick ? 4 : 20;
    List<String> base = with(base(epochs), "batch-size=128", "lr=0.05");
    List<String> longer = with(base, "epochs=" + more, "eval-every=" + more);
    List<Experiment> all = new ArrayList<>();
    String flipped = MadeData.option(MadeData.FLIPPED);
    String noisy = quick ? "quick-noisy" : "noisy";
    for (int seed : seeds(quick ? 1 : 3)) {
      all.add(new Experiment(noisy, seed, epochs, with(base, flipped)).with(Probe.LABELS));
    }
    for (int seed : seeds(quick ? 1 : 3)) {
      all.add(
          new Experiment("noisy-variance", seed, epochs, with(base, flipped, "sieve=variance"))
              .with(Probe.LABELS));
      all.add(new Experiment("clean", seed, epochs, base));
      all.add(
          new Experiment("noisy-held-out", seed, epochs, with(base, flipped)).with(Probe.HELD_OUT));
    }
    for (int seed : seeds(quick ? 1 : 3)) {
      String cleaned = MadeData.option(MadeData.CLEANED + noisy + "-seed" + seed + ".npz");
      all.add(new Experiment("cleaned", seed, epochs, with(base, cleaned)));
      all.add(new Experiment("noisy-longer", seed, more, with(longer, flipped)));
      all.add(new Experiment("cleaned-longer", seed, more, with(longer, cleaned)));
    }
    return all;
  }

  private static List<Experiment> cifar(boolean quick) {
    int epochs = quick ? 2 : 16;
    List<Experiment> all = new ArrayList<>();
    List<String> base =
        with(
            base(epochs),
            MadeData.option(MadeData.CIFAR_SUBSET),
            "model=resnet20",
            "augment=crop+flip",
            "batch-size=128",
            "lr=0.1");
    for (int seed : seeds(quick ? 1 : 2)) {
      all.add(new Experiment("full", seed, epochs, base));
      for (String policy : List.of("variance", "soft", "order", "random")) {
        all.add(
            new Experiment(policy + "-0.50", seed, epochs, with(base, "sieve=" + policy))
                .meeting(0.5));
      }
      List<String> half = with(base, "epochs=" + epochs / 2, "eval-every=" + epochs / 2);
      all.add(new Experiment("fewer-0.50-same-steps", seed, epochs, with(half, "batch-size=64")));
      all.add(new Experiment("fewer-0.50-same-batch", seed, epochs, half));
    }
    return all;
  }

  private static List<Experiment> cifarLong(boolean quick) {
    int epochs = quick ? 2 : 40;
    List<Experiment> all = new ArrayList<>();
    List<String> base =
        with(
            base(epochs),
            MadeData.option(MadeData.CIFAR_WHOLE),
            "augment=crop+flip",
            "batch-size=128",
            "lr=0.05");
    for (int seed : seeds(quick ? 1 : 3)) {
      all.add(new Experiment("full", seed, epochs, base));
      for (String policy : List.of("variance", "random")) {
        all.add(
            new Experiment(policy + "-0.50", seed, epochs, with(base, "sieve=" + policy))
                .meeting(0.5));
      }
    }
    return all;
  }

  private static List<Experiment> sharpness(boolean quick) {
    int epochs = quick ? 2 : EPOCHS;
    List<Experiment> all = new ArrayList<>();
    List<String> base = with(base(epochs), "batch-size=1024", "lr=0.2");
    for (int seed : seeds(quick ? 1 : 3)) {
      for (String sieve : List.of("none", "variance", "hard", "random")) {
        all.add(
            new Experiment(sieve, seed, epochs, with(base, "sieve=" + sieve))
                .with(Probe.SHARPNESS));
      }
    }
    return all;
  }

  /** 1 to {@code count}. */
  private static int[] seeds(int count) {
    return IntStream.rangeClosed(1, count).toArray();
  }

  /** Full data; the test part is looked at once, at the end. */
  static List<String> base(int epochs) {
    return List.of(
        "data=fashion-mnist",
        "model=cnn",
        "sieve=none",
        "clip-norm=1",
        "epochs=" + epochs,
        "eval-every=" + epochs);
  }

  /** The same with a part to choose by. */
  static List<String> choosing(int epochs) {
    return with(base(epochs), "validation=0.1");
  }

  /** The options with some more, which replace those of the same key. */
  static List<String> with(List<String> options, String... more) {
    Experiment changed = new Experiment("", 0, 1, options);
    for (String option : more) {
      changed = changed.with(option);
    }
    return changed.options();
  }
}
