package io.gradsieve.bench.experiments;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;

/**
 * {@link Grid#PRUNE}: what half of a data set is worth, chosen by each policy of {@code prune} from
 * the scores of a run on all of it, and trained on by the same recipe; and its table.
 */
final class PrunedHalves {
  /** The run on all samples, whose scores choose. */
  static final String ALL = "all";

  private static final String CONTROL = "random";

  /** The policies; what the default is judged by comes first. */
  private static final List<String> POLICIES =
      List.of(CONTROL, "trusted", PrunedData.UNJUDGED, "coverage", "top");

  private static final int[] PERCENT = {0, 10, 20};

  /** Seeds that chose nothing. */
  private static final int[] SEEDS = {71, 72, 73, 74, 75};

  private PrunedHalves() {}

  /** All runs before the halves that they choose. */
  static List<Experiment> experiments(boolean quick) {
    List<String> sets = quick ? List.of("mixture", "teacher") : PrunedData.SETS;
    int[] seeds = quick ? new int[] {1} : SEEDS;
    List<Experiment> all = new ArrayList<>();
    for (String set : sets) {
      for (String policy : policies()) {
        for (int percent : PERCENT) {
          for (int seed : seeds) {
            all.add(experiment(set, percent, policy, seed));
          }
        }
      }
    }
    return all;
  }

  private static List<String> policies() {
    List<String> policies = new ArrayList<>(List.of(ALL));
    policies.addAll(POLICIES);
    return policies;
  }

  private static Experiment experiment(String set, int percent, String policy, int seed) {
    int epochs = epochs(set);
    boolean whole = policy.equals(ALL);
    boolean images = set.equals("fashion") || set.equals("cifar");
    String file =
        whole ? PrunedData.noisy(set, percent, seed) : PrunedData.half(set, percent, seed, policy);
    List<String> options =
        List.of(
            MadeData.option(file),
            "model=" + (images ? "cnn" : "mlp"),
            "epochs=" + epochs,
            "eval-every=" + epochs,
            "batch-size=128",
            "lr=0.05",
            "clip-norm=1");
    return new Experiment(group(set, percent, policy), seed, epochs, options)
        .with(whole ? Probe.SCORES : Probe.NONE);
  }

  private static int epochs(String set) {
    return switch (set) {
      case "fashion" -> 6;
      case "cifar" -> 8;
      default -> 20;
    };
  }

  static String group(String set, int percent, String policy) {
    return set + "-" + percent + "-" + policy;
  }

  /**
   * A row for each set and share of wrong labels: accuracies of all samples and of a random half,
   * and what each policy has more than that, with its interval; below, the mean over the rows.
   */
  static List<String> table(List<Outcome> outcomes) {
    List<String> lines = new ArrayList<>();
    List<String> chosen = POLICIES.subList(1, POLICIES.size());
    lines.add(
        "| data | wrong labels, %% | all, %% | random half, %% | %s |"
            .formatted(String.join(" | ", chosen)));
    lines.add("| --- | --- | --- | --- |" + " --- |".repeat(chosen.size()));
    List<List<Double>> means = new ArrayList<>();
    chosen.forEach(policy -> means.add(new ArrayList<>()));
    for (String set : PrunedData.SETS) {
      for (int percent : PERCENT) {
        List<Outcome> control = of(outcomes, group(set, percent, CONTROL));
        if (control.isEmpty()) {
          continue;
        }
        StringBuilder line =
            new StringBuilder("| %s | %d |".formatted(set, percent))
                .append(accuracy(of(outcomes, group(set, percent, ALL))))
                .append(accuracy(control));
        for (int p = 0; p < chosen.size(); p++) {
          double[] points = points(of(outcomes, group(set, percent, chosen.get(p))), control);
          line.append(points.length == 0 ? " – |" : " " + Table.interval(points) + " |");
          if (points.length > 0) {
            means.get(p).add(DoubleStream.of(points).average().orElseThrow());
          }
        }
        lines.add(line.toString());
      }
    }
    lines.add(summary("mean", means, values -> values.stream().mapToDouble(v -> v).average()));
    lines.add(summary("least", means, values -> values.stream().mapToDouble(v -> v).min()));
    return lines;
  }

  private interface Reduction {
    OptionalDouble of(List<Double> values);
  }

  private static String summary(String name, List<List<Double>> means, Reduction reduction) {
    StringBuilder line = new StringBuilder("| %s of the rows | | | |".formatted(name));
    for (List<Double> values : means) {
      OptionalDouble value = reduction.of(values);
      line.append(
          value.isPresent() ? String.format(Locale.ROOT, " %+.2f |", value.getAsDouble()) : " – |");
    }
    return line.toString();
  }

  private static List<Outcome> of(List<Outcome> outcomes, String group) {
    return outcomes.stream().filter(outcome -> outcome.group().equals(group)).toList();
  }

  private static String accuracy(List<Outcome> runs) {
    return runs.stream().mapToDouble(Outcome::accuracy).average().stream()
        .mapToObj(mean -> String.format(Locale.ROOT, " %.2f |", 100 * mean))
        .findFirst()
        .orElse(" – |");
  }

  /** Differences of runs of the same seed, in points of accuracy. */
  private static double[] points(List<Outcome> runs, List<Outcome> control) {
    return runs.stream()
        .flatMap(
            run -> {
              Optional<Outcome> pair =
                  control.stream().filter(other -> other.seed() == run.seed()).findFirst();
              return pair.map(other -> 100 * (run.accuracy() - other.accuracy())).stream();
            })
        .mapToDouble(value -> value)
        .toArray();
  }
}
