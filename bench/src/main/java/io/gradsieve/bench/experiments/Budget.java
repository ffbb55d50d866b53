package io.gradsieve.bench.experiments;

import io.gradsieve.sieve.policy.Policies;
import io.gradsieve.sieve.policy.SievePolicy;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Finds the key of a policy that makes a run spend a share of the full run's backward work: by
 * arithmetic where the key is the share of a filtered epoch, else by bisection over runs of two
 * epochs, of which the second is filtered.
 */
final class Budget {
  /** Policies that take a budget, {@code sieve=NAME}. */
  static final List<String> POLICIES =
      Policies.names().stream().filter(name -> !name.equals("none")).toList();

  private static final double TOLERANCE = 0.02;
  private static final int TRIES = 6;

  private Budget() {}

  /** The experiment with the key that meets its budget; empty if the policy cannot reach it. */
  static Optional<Experiment> meet(Experiment experiment) {
    double share = experiment.budget();
    if (share == 1) {
      return Optional.of(experiment);
    }
    String policy = experiment.value("sieve");
    int epochs = Integer.parseInt(experiment.value("epochs"));
    SievePolicy byDefault = Policies.parse(policy);
    int filtered = 0;
    for (int epoch = 1; epoch <= epochs; epoch++) {
      filtered += byDefault.filtering().filters(epoch, epochs) ? 1 : 0;
    }
    double kept = 1 - (1 - share) * epochs / filtered;
    if (kept <= 0) {
      return Optional.empty();
    }
    return switch (policy) {
      case "soft" -> bisect(experiment, "soft:r=", kept);
      case "hide" -> bisect(experiment, "hide:fraction=", kept);
      case "window" -> Optional.of(experiment.with("sieve=window:width=" + plain(kept)));
      case "order" ->
          Optional.of(
              experiment.with(
                  "sieve=order:pool=" + plain(Math.min(1, 1.25 * kept)) + ",keep=" + plain(kept)));
      default -> Optional.of(experiment.with("sieve=" + policy + ":keep=" + plain(kept)));
    };
  }

  /** The larger the key, the fewer samples are kept. */
  private static Optional<Experiment> bisect(Experiment experiment, String spec, double kept) {
    Experiment brief =
        new Experiment(
            experiment.group(),
            experiment.seed(),
            2,
            Grid.with(experiment.options(), "epochs=2", "eval-every=2"));
    double low = 0;
    double high = 0.99;
    for (int i = 0; i < TRIES; i++) {
      double key = (low + high) / 2;
      double found = 2 * brief.with("sieve=" + spec + plain(key) + ",until=1").run().share() - 1;
      if (Math.abs(found - kept) < TOLERANCE / 2) {
        return Optional.of(experiment.with("sieve=" + spec + plain(key)));
      }
      if (found > kept) {
        low = key;
      } else {
        high = key;
      }
    }
    return Optional.empty();
  }

  private static String plain(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
