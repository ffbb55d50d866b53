package io.gradsieve.plan;

/** How one optimizer step changes the weights: what stays the same over a run. */
public sealed interface UpdateRule {
  /** Floats of state for each trainable float. */
  int states();

  /**
   * v = momentum · v + g + decay · θ; θ −= rate · v (Nesterov: rate · (g + momentum · v)).
   * PyTorch's SGD.
   */
  record Sgd(double momentum, boolean nesterov, double weightDecay) implements UpdateRule {
    @Override
    public int states() {
      return 1;
    }
  }

  /** Decoupled decay (Loshchilov and Hutter 2019): θ −= rate · decay · θ, then Adam. */
  record AdamW(double beta1, double beta2, double eps, double weightDecay) implements UpdateRule {
    @Override
    public int states() {
      return 2;
    }
  }
}
