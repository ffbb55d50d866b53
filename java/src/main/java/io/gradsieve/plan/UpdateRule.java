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

  /**
   * SGD whose gradient and decay are multiplied, for each weight tensor, by trust · ‖θ‖ / (‖g‖ +
   * decay · ‖θ‖): LARS (You et al. 2017, arXiv 1708.03888). Biases and the parameters of norms have
   * neither ratio nor decay.
   */
  record Lars(double momentum, double weightDecay, double trust) implements UpdateRule {
    @Override
    public int states() {
      return 1;
    }
  }

  /**
   * Adam's direction plus decay · θ, times ‖θ‖ over its norm for each weight tensor: LAMB (You et
   * al. 2020, arXiv 1904.00962). Biases and the parameters of norms have neither ratio nor decay.
   */
  record Lamb(double beta1, double beta2, double eps, double weightDecay) implements UpdateRule {
    @Override
    public int states() {
      return 2;
    }
  }
}
