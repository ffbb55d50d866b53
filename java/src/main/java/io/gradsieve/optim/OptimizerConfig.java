package io.gradsieve.optim;

import io.gradsieve.GradsieveException;
import io.gradsieve.plan.UpdateRule;

/**
 * The optimizer's options.
 *
 * @param momentum of SGD and LARS, β₁ of AdamW and LAMB; in [0, 1)
 * @param nesterov SGD with a momentum only
 * @param weightDecay coupled for SGD and LARS, decoupled for AdamW, part of the direction of LAMB;
 *     not negative
 */
public record OptimizerConfig(
    OptimizerName name, double momentum, boolean nesterov, double weightDecay) {
  private static final double BETA2 = 0.999;
  private static final double EPS = 1e-8;

  /** Of LAMB, as published. */
  private static final double LAMB_EPS = 1e-6;

  /** η of LARS, as published: the share of its norm that a tensor moves at a rate of 1. */
  private static final double TRUST = 0.001;

  /**
   * Checks every value.
   *
   * @throws GradsieveException.Usage on a value out of its range
   */
  public OptimizerConfig {
    if (!(momentum >= 0 && momentum < 1)) {
      throw new GradsieveException.Usage("--momentum must lie in [0,1), is " + momentum);
    }
    if (!(weightDecay >= 0 && weightDecay < Double.POSITIVE_INFINITY)) {
      throw new GradsieveException.Usage("--weight-decay must not be negative, is " + weightDecay);
    }
    if (nesterov && (name != OptimizerName.SGD || momentum == 0)) {
      throw new GradsieveException.Usage(
          "--nesterov needs --optimizer sgd and a --momentum above 0");
    }
  }

  /** What a backend runs. */
  public UpdateRule rule() {
    return switch (name) {
      case SGD -> new UpdateRule.Sgd(momentum, nesterov, weightDecay);
      case ADAMW -> new UpdateRule.AdamW(momentum, BETA2, EPS, weightDecay);
      case LARS -> new UpdateRule.Lars(momentum, weightDecay, TRUST);
      case LAMB -> new UpdateRule.Lamb(momentum, BETA2, LAMB_EPS, weightDecay);
    };
  }
}
