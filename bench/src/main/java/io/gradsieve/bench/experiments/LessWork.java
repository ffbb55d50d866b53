package io.gradsieve.bench.experiments;

import static io.gradsieve.bench.experiments.Grid.EPOCHS;
import static io.gradsieve.bench.experiments.Grid.base;
import static io.gradsieve.bench.experiments.Grid.choosing;
import static io.gradsieve.bench.experiments.Grid.with;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A third and a quarter of the work, where full data takes 12 epochs at batch 256: the sieve, and
 * full data for fewer epochs, in as many steps unless the name tells a batch or twice the steps.
 * What is chosen with a part set aside for it is trained again on all the training data, on seeds
 * that chose nothing.
 */
final class LessWork {
  private static final String DECAY = "weight-decay=";
  private static final String RELATIVE = ",relative=true";

  private LessWork() {}

  /** The candidates, at one to four rates each. */
  static List<Experiment> budgets(boolean quick) {
    List<Experiment> all = new ArrayList<>();
    for (int seed : quick ? new int[] {1} : new int[] {11, 12, 13, 14}) {
      for (double rate : new double[] {0.1, 0.05, 0.07, 0.14}) {
        all.add(withRate("full", seed, choosing(EPOCHS), 256, rate, "none"));
      }
      for (double rate : new double[] {0.05, 0.07}) {
        all.add(withRate("full-batch-128", seed, choosing(EPOCHS), 128, rate, "none"));
        all.add(withRate("third-fewer-batch-43", seed, choosing(4), 43, rate, "none"));
        all.add(
            withRate("third-sieve-7-batch-75", seed, choosing(7), 75, rate, "variance:floor=0.05"));
        all.add(withRate("quarter-fewer-batch-32", seed, choosing(3), 32, rate, "none"));
        all.add(
            withRate(
                "quarter-sieve-5-batch-54", seed, choosing(5), 54, rate, "variance:floor=0.05"));
      }
      all.add(withRate("full-batch-512", seed, choosing(EPOCHS), 512, 0.14, "none"));
      for (double rate : new double[] {0.05, 0.07, 0.1, 0.14}) {
        all.add(withRate("third-fewer", seed, choosing(4), 85, rate, "none"));
        all.add(
            withRate("third-sieve-12", seed, choosing(EPOCHS), 256, rate, "variance:keep=0.2727"));
      }
      for (double rate : new double[] {0.1, 0.14, 0.2}) {
        all.add(withRate("third-fewer-batch-170", seed, choosing(4), 170, rate, "none"));
      }
      all.add(
          withRate(
              "third-sieve-12-partial",
              seed,
              choosing(EPOCHS),
              256,
              0.1,
              "variance:keep=0.3333,from=1,unscored=mean,floor=0.05"));
      for (double rate : new double[] {0.07, 0.1, 0.14}) {
        all.add(withRate("third-sieve-7", seed, choosing(7), 149, rate, "variance:floor=0.05"));
      }
      for (double rate : new double[] {0.05, 0.07, 0.1}) {
        all.add(withRate("quarter-fewer", seed, choosing(3), 64, rate, "none"));
      }
      for (double rate : new double[] {0.1, 0.14, 0.2}) {
        all.add(withRate("quarter-fewer-batch-128", seed, choosing(3), 128, rate, "none"));
      }
      all.add(
          withRate("quarter-sieve-12", seed, choosing(EPOCHS), 256, 0.1, "variance:keep=0.1818"));
      all.add(
          withRate(
              "quarter-sieve-12-partial",
              seed,
              choosing(EPOCHS),
              256,
              0.1,
              "variance:keep=0.25,from=1,unscored=mean,floor=0.05"));
      all.add(
          withRate(
              "quarter-sieve-8", seed, choosing(8), 170, 0.1, "variance:keep=0.2857,floor=0.05"));
      all.add(
          withRate("quarter-sieve-6", seed, choosing(6), 128, 0.1, "variance:keep=0.4,floor=0.05"));
      for (double rate : new double[] {0.07, 0.1, 0.14}) {
        all.add(withRate("quarter-sieve-5", seed, choosing(5), 107, rate, "variance:floor=0.05"));
      }
      all.add(
          withRate(
              "quarter-sieve-4", seed, choosing(4), 85, 0.1, "variance:keep=0.6667,floor=0.05"));
      for (double rate : new double[] {0.1, 0.14}) {
        all.add(withRate("third-batch-7", seed, choosing(7), 149, rate, "batch:keep=0.5"));
        all.add(withRate("quarter-coverage-5", seed, choosing(5), 107, rate, "coverage"));
        all.add(
            withRate("quarter-order-5", seed, choosing(5), 107, rate, "order:pool=0.625,keep=0.5"));
        all.add(withRate("quarter-batch-6", seed, choosing(6), 128, rate, "batch:keep=0.5,from=1"));
      }
      all.add(withRate("quarter-batch-7", seed, choosing(7), 149, 0.1, "batch:keep=0.4286,from=1"));
      all.add(withRate("quarter-batch-8", seed, choosing(8), 171, 0.1, "batch:keep=0.375,from=1"));
    }
    return all;
  }

  /** What {@link #budgets} chose, and {@code 0.35-variance}, a share that it had not tried. */
  static List<Experiment> confirm(boolean quick) {
    List<Experiment> all = new ArrayList<>();
    for (int seed : quick ? new int[] {1} : IntStream.rangeClosed(201, 210).toArray()) {
      all.add(experiment("full", seed, base(EPOCHS), 256, 0.1, "none"));
      all.add(experiment("third-sieve", seed, base(7), 149, 0.1, "variance:floor=0.05"));
      all.add(experiment("third-fewer", seed, base(4), 85, 0.1, "none"));
      all.add(experiment("quarter-sieve", seed, base(5), 107, 0.1, "variance:floor=0.05"));
      all.add(experiment("quarter-fewer", seed, base(3), 64, 0.07, "none"));
    }
    for (int seed : quick ? new int[0] : IntStream.rangeClosed(301, 310).toArray()) {
      all.add(experiment("full", seed, base(EPOCHS), 256, 0.1, "none"));
      all.add(
          experiment(
              "third-sieve-twice-the-steps", seed, base(7), 75, 0.07, "variance:floor=0.05"));
      all.add(experiment("third-fewer-twice-the-steps", seed, base(4), 43, 0.07, "none"));
      all.add(
          experiment(
              "quarter-sieve-twice-the-steps", seed, base(5), 54, 0.05, "variance:floor=0.05"));
      all.add(experiment("quarter-fewer-twice-the-steps", seed, base(3), 32, 0.07, "none"));
    }
    // Chosen later: the rate that the validation part liked better, and another policy.
    for (int seed : quick ? new int[0] : IntStream.rangeClosed(401, 410).toArray()) {
      all.add(experiment("full", seed, base(EPOCHS), 256, 0.1, "none"));
      all.add(experiment("full-rate-0.14", seed, base(EPOCHS), 256, 0.14, "none"));
      all.add(experiment("0.35-variance", seed, base(7), 149, 0.14, variance(0.05)));
      String batch = "batch:keep=0.375,from=1";
      all.add(experiment("quarter-batch", seed, base(8), 171, 0.1, batch));
      all.add(experiment("quarter-fewer", seed, base(3), 64, 0.07, "none"));
    }
    return all;
  }

  /**
   * 0.35 of the work with Nesterov's momentum and with norms relative to their step's mean, and
   * what else was tried to bring {@code variance} closer to the full run.
   */
  static List<Experiment> nesterov(boolean quick) {
    List<Experiment> all = new ArrayList<>();
    for (int seed : quick ? new int[] {1} : IntStream.rangeClosed(11, 18).toArray()) {
      List<String> full = choosing(EPOCHS);
      all.add(experiment("full", seed, full, 256, 0.1, "none"));
      all.add(experiment("full-nesterov", seed, nesterov(full), 256, 0.1, "none"));
      all.add(experiment("full-decay-2e-4", seed, with(full, DECAY + "2e-4"), 256, 0.1, "none"));
      List<String> seven = choosing(7);
      all.add(experiment("sieve", seed, seven, 149, 0.1, variance(0.05)));
      all.add(experiment("sieve-rate-0.14", seed, seven, 149, 0.14, variance(0.05)));
      all.add(experiment("sieve-rate-0.14-floor-0.15", seed, seven, 149, 0.14, variance(0.15)));
      List<String> clipped = with(seven, "clip-norm=2");
      all.add(experiment("sieve-clip-2", seed, clipped, 149, 0.1, variance(0.05)));
      all.add(experiment("sieve-clip-2-rate-0.14", seed, clipped, 149, 0.14, variance(0.05)));
      List<String> heavy = with(seven, "momentum=0.95");
      all.add(experiment("sieve-momentum-0.95-rate-0.07", seed, heavy, 149, 0.07, variance(0.05)));
      all.add(
          experiment(
              "sieve-decay-2e-4", seed, with(seven, DECAY + "2e-4"), 149, 0.1, variance(0.1)));
      all.add(experiment("sieve-decay-0", seed, with(seven, DECAY + "0"), 149, 0.1, variance(0.1)));
      List<String> averaged = with(seven, "score=grad_norm:average=0.5");
      all.add(experiment("sieve-averaged", seed, averaged, 149, 0.1, variance(0.1)));
      all.add(experiment("sieve-batch-200-rate-0.14", seed, seven, 200, 0.14, variance(0.1)));
      String partial = "variance:keep=0.525,floor=0.1,from=1,unscored=mean";
      all.add(experiment("sieve-8-partial", seed, choosing(8), 171, 0.1, partial));
      List<String> sieve = nesterov(seven);
      all.add(experiment("sieve-nesterov", seed, sieve, 149, 0.1, variance(0.1)));
      all.add(experiment("sieve-nesterov-rate-0.14", seed, sieve, 149, 0.14, variance(0.1)));
      all.add(
          experiment("sieve-nesterov-batch-100-rate-0.08", seed, sieve, 100, 0.08, variance(0.1)));
      String relative = variance(0.1) + RELATIVE;
      all.add(experiment("sieve-nesterov-relative", seed, sieve, 149, 0.1, relative));
      all.add(experiment("sieve-nesterov-relative-rate-0.14", seed, sieve, 149, 0.14, relative));
      List<String> eight = nesterov(choosing(8));
      String less = "variance:keep=0.4571,floor=0.1";
      all.add(experiment("sieve-nesterov-8", seed, eight, 171, 0.1, less));
      all.add(experiment("sieve-nesterov-8-relative", seed, eight, 171, 0.1, less + RELATIVE));
      for (double rate : new double[] {0.07, 0.1, 0.14}) {
        all.add(withRate("fewer-nesterov", seed, nesterov(choosing(4)), 85, rate, "none"));
      }
    }
    return all;
  }

  /**
   * What {@link #nesterov(boolean)} chose, with all the training data; as many samples drawn at
   * random; and the full run at the rate that plain momentum liked better, too.
   */
  static List<Experiment> reconfirm(boolean quick) {
    List<Experiment> all = new ArrayList<>();
    for (int seed : quick ? new int[] {1} : IntStream.rangeClosed(501, 520).toArray()) {
      List<String> full = nesterov(base(EPOCHS));
      all.add(withRate("full", seed, full, 256, 0.1, "none"));
      String relative = variance(0.1) + RELATIVE;
      List<String> seven = nesterov(base(7));
      all.add(experiment("0.35-variance-relative", seed, seven, 149, 0.1, relative));
      all.add(experiment("0.35-random", seed, seven, 149, 0.1, "random:keep=0.5333"));
      all.add(withRate("full", seed, full, 256, 0.14, "none"));
      for (double rate : new double[] {0.1, 0.14}) {
        all.add(withRate("third-fewer", seed, nesterov(base(4)), 85, rate, "none"));
      }
    }
    return all;
  }

  private static List<String> nesterov(List<String> options) {
    return with(options, "nesterov=true");
  }

  /** {@code variance} that spends 0.35 of the work in seven epochs. */
  private static String variance(double floor) {
    return "variance:keep=0.5333,floor=" + floor;
  }

  /** In a group named after its rate, too. */
  private static Experiment withRate(
      String group, int seed, List<String> base, int batch, double rate, String sieve) {
    return experiment(group + "-rate-" + rate, seed, base, batch, rate, sieve);
  }

  /** A run whose share counts against {@link Grid#EPOCHS} full epochs. */
  private static Experiment experiment(
      String group, int seed, List<String> base, int batch, double rate, String sieve) {
    return new Experiment(
        group, seed, EPOCHS, with(base, "batch-size=" + batch, "lr=" + rate, "sieve=" + sieve));
  }
}
