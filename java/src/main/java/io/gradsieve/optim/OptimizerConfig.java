package io.gradsieve.optim;

import io.gradsieve.GradsieveException;
import io.gradsieve.plan.UpdateRule;
import java.util.List;

/**
 * The optimizer's options.
 *
 * @param name {@code sgd}, {@code adamw}, {@code lars} or {@code lamb}
 * @param momentum of SGD and LARS, β₁ of AdamW and LAMB; in [0, 1)
 * @param nesterov SGD with a momentum only
 * @param weightDecay coupled for SGD and LARS, decoupled for AdamW, part of the direction of LAMB;
 *     not negative
 */
public record OptimizerConfig(String name, double momentum, boolean nesterov, double weightDecay) {
  private static final double BETA2 = 0.999;
  private static final double EPS = 1e-8;

  /** Of LAMB, as published. */
  private static final double LAMB_EPS = 1e-6;

  /** η of LARS, as published: the share of its norm that a tensor moves at a rate of 1. */
  private static final double TRUST = 0.001;

  /**
   * Checks every value.
   *
   * @throws GradsieveException.Usage on an unknown name or a value out of its range
   */
  public OptimizerConfig {
    if (!names().contains(name)) {
      throw GradsieveException.Usage.unknown("optimizer", name, names());
    }
    if (!(momentum >= 0 && momentum < 1)) {
      throw new GradsieveException.Usage("--momentum must lie in [0,1), is " + momentum);
    }
    if (!(weightDecay >= 0 && weightDecay < Double.POSITIVE_INFINITY)) {
      throw new GradsieveException.Usage("--weight-decay must not be negative, is " + weightDecay);
    }
    if (nesterov && (!name.equals("sgd") || momentum == 0)) {
      throw new GradsieveException.Usage(
          "--nesterov needs --optimizer sgd and a --momentum above 0");
    }
  }

  /** The names there are. */
  public static List<String> names() {
    return List.of("sgd", "adamw", "lars", "lamb");
  }

  /** What a backend runs. */
  public UpdateRule rule() {
    return switch (name) {
      case "sgd" -> new UpdateRule.Sgd(momentum, nesterov, weightDecay);
      case "adamw" -> new UpdateRule.AdamW(momentum, BETA2, EPS, weightDecay);
      case "lars" -> new UpdateRule.Lars(momentum, weightDecay, TRUST);
      default -> new UpdateRule.Lamb(momentum, BETA2, LAMB_EPS, weightDecay);
    };
  }
}
