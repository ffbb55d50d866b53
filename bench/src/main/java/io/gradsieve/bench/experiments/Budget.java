package io.gradsieve.bench.experiments;

import io.gradsieve.sieve.policy.Policies;
import io.gradsieve.sieve.policy.SievePolicy;
import java.util.List;
import java.util.Locale;

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

  /** No key of the policy meets the budget; the message says what the last one tried keeps. */
  static final class OutOfReachException extends Exception {
    private static final long serialVersionUID = 1;

    private OutOfReachException(String policy, double kept, String last) {
      super(
          String.format(
              Locale.ROOT, "%s can't keep %.3f of a filtered epoch: %s", policy, kept, last));
    }
  }

  /**
   * The experiment with the key that meets its budget.
   *
   * @throws OutOfReachException if there is none
   */
  static Experiment meet(Experiment experiment) throws OutOfReachException {
    double share = experiment.budget();
    if (share == 1) {
      return experiment;
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
      throw new OutOfReachException(policy, kept, "its unfiltered epochs take more");
    }
    return switch (policy) {
      case "soft" -> bisect(experiment, "soft:r=", kept);
      case "hide" -> bisect(experiment, "hide:fraction=", kept);
      case "window" -> experiment.with("sieve=window:width=" + plain(kept));
      case "order" ->
          experiment.with(
              "sieve=order:pool=" + plain(Math.min(1, 1.25 * kept)) + ",keep=" + plain(kept));
      default -> experiment.with("sieve=" + policy + ":keep=" + plain(kept));
    };
  }

  /** The larger the key, the fewer samples are kept. */
  private static Experiment bisect(Experiment experiment, String spec, double kept)
      throws OutOfReachException {
    Experiment brief =
        new Experiment(
            experiment.group(),
            experiment.seed(),
            2,
            Grid.with(experiment.options(), "epochs=2", "eval-every=2"));
    double low = 0;
    double high = 0.99;
    String last = "";
    for (int i = 0; i < TRIES; i++) {
      double key = (low + high) / 2;
      double found = 2 * brief.with("sieve=" + spec + plain(key) + ",until=1").run().share() - 1;
      if (Math.abs(found - kept) < TOLERANCE / 2) {
        return experiment.with("sieve=" + spec + plain(key));
      }
      last = String.format(Locale.ROOT, "with %s%s it keeps %.3f", spec, plain(key), found);
      if (found > kept) {
        low = key;
      } else {
        high = key;
      }
    }
    throw new OutOfReachException(experiment.value("sieve"), kept, last);
  }

  private static String plain(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
