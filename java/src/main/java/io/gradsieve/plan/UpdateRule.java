package io.gradsieve.plan;

import java.util.List;

/** How one optimizer step changes the weights: what stays the same over a run. */
public sealed interface UpdateRule {
  /** The running gradient of SGD. */
  List<String> MOMENTUM = List.of("momentum_buffer");

  /** Running means of the gradient and of its square, of Adam. */
  List<String> MOMENTS = List.of("exp_avg", "exp_avg_sq");

  /** What it keeps for each trainable tensor, of the same shape, as PyTorch calls it. */
  List<String> states();

  /**
   * v = momentum · v + g + decay · θ; θ −= rate · v (Nesterov: rate · (g + momentum · v)).
   * PyTorch's SGD.
   */
  record Sgd(double momentum, boolean nesterov, double weightDecay) implements UpdateRule {
    @Override
    public List<String> states() {
      return MOMENTUM;
    }
  }

  /** Decoupled decay (Loshchilov and Hutter 2019): θ −= rate · decay · θ, then Adam. */
  record AdamW(double beta1, double beta2, double eps, double weightDecay) implements UpdateRule {
    @Override
    public List<String> states() {
      return MOMENTS;
    }
  }

  /**
   * SGD whose gradient and decay are multiplied, for each weight tensor, by trust · ‖θ‖ / (‖g‖ +
   * decay · ‖θ‖): LARS (You et al. 2017, arXiv 1708.03888). Biases and the parameters of norms have
   * neither ratio nor decay.
   */
  record Lars(double momentum, double weightDecay, double trust) implements UpdateRule {
    @Override
    public List<String> states() {
      return MOMENTUM;
    }
  }

  /**
   * Adam's direction plus decay · θ, times ‖θ‖ over its norm for each weight tensor: LAMB (You et
   * al. 2020, arXiv 1904.00962). Biases and the parameters of norms have neither ratio nor decay.
   */
  record Lamb(double beta1, double beta2, double eps, double weightDecay) implements UpdateRule {
    @Override
    public List<String> states() {
      return MOMENTS;
    }
  }
}
