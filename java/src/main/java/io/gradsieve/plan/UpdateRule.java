package io.gradsieve.plan;

/**
 * What one optimizer step does to the weights, given the summed gradient Σ term_i.
 *
 * @param learningRate of this step, {@code lr_scale} included
 * @param divisor b · w̄; the sum is divided by it
 * @param clipNorm largest norm of the divided gradient; 0 for no clipping
 * @param step optimizer steps so far, from 1
 */
public record UpdateRule(Kind kind, double learningRate, double divisor, double clipNorm, long step) {
  /** The closed set of rules a backend knows. */
  public sealed interface Kind {
    /** Floats of state for each trainable float. */
    int states();
  }

  /** v = momentum · v + g + decay · θ; θ −= rate · v (Nesterov: rate · (g + momentum · v)). PyTorch's SGD. */
  public record Sgd(double momentum, boolean nesterov, double weightDecay) implements Kind {
    @Override
    public int states() {
      return 1;
    }
  }

  /** Decoupled decay (Loshchilov and Hutter 2019): θ −= rate · decay · θ, then Adam. */
  public record AdamW(double beta1, double beta2, double eps, double weightDecay) implements Kind {
    @Override
    public int states() {
      return 2;
    }
  }
}
