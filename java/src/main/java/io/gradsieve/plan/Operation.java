package io.gradsieve.plan;

/**
 * One operation of a segment. Tensors are indices into {@link StepPlan#tensors()}, -1 for none;
 * parameters and running statistics are offsets in floats into the weights, -1 for none. The
 * formulas stand at the functions of the same names in the native library's header. {@code
 * gradient} says what the backward pass does with an input's gradient.
 */
public sealed interface Operation {
  /** What backward does with the gradient of an input. */
  enum Gradient {
    /** Leaves it out: nothing before this operation is trained. */
    NONE,
    STORE,
    ADD
  }

  /** Element-wise functions; gelu is the exact one. */
  enum Activation {
    IDENTITY,
    RELU,
    GELU,
    TANH,
    SIGMOID
  }

  /** Kinds of pooling. */
  enum Pool {
    MAX,
    AVERAGE
  }

  /**
   * The batch's samples as floats; bytes become {@code byte * scale[c] + shift[c]}, floats (no
   * scale) stay as they are.
   */
  record Input(int out, boolean bytes, float[] scale, float[] shift) implements Operation {}

  /**
   * Convolution + bias + activation, and max-pooling by {@code pool} when above 1 ({@code saved}
   * then holds the choices).
   */
  record Conv2d(
      int in,
      int out,
      int kernelHeight,
      int kernelWidth,
      int stride,
      int padding,
      long weights,
      long bias,
      Activation activation,
      int pool,
      int saved,
      Gradient gradient)
      implements Operation {}

  /** out = activation(in · Wᵀ + bias). */
  record Linear(int in, int out, long weights, long bias, Activation activation, Gradient gradient)
      implements Operation {}

  /**
   * Mean and variance over batch and positions; ends a segment. {@code normalizer} numbers the
   * batch norm layers from 0.
   */
  record BatchNormStatistics(
      int normalizer,
      int in,
      long runningMean,
      long runningVariance,
      float eps,
      float momentum,
      Gradient gradient)
      implements Operation {}

  /** activation(normalised in · gamma + beta + skip); in a segment after its statistics. */
  record BatchNormNormalize(
      int normalizer,
      int in,
      int skip,
      int out,
      long gamma,
      long beta,
      Activation activation,
      Gradient skipGradient)
      implements Operation {}

  /** Group norm; {@code saved} holds mean and inverse deviation, 2 · groups floats a sample. */
  record GroupNorm(
      int in, int out, int groups, long gamma, long beta, float eps, int saved, Gradient gradient)
      implements Operation {}

  /**
   * Layer norm over all features, or ({@code spatial}) over W; {@code saved}: 2 or 2 · H · P floats
   * a sample.
   */
  record LayerNorm(
      int in,
      int out,
      boolean spatial,
      long gamma,
      long beta,
      float eps,
      int saved,
      Gradient gradient)
      implements Operation {}

  record Activate(int in, int out, Activation activation, Gradient gradient) implements Operation {}

  /** Pooling with stride = kernel; {@code saved} holds the choices of max-pooling as bytes. */
  record Pool2d(
      int in, int out, Pool pool, int kernelHeight, int kernelWidth, int saved, Gradient gradient)
      implements Operation {}

  /** {@code place} numbers the dropout layers from 0, so that no two draw the same mask. */
  record Dropout(int in, int out, double p, int place, Gradient gradient) implements Operation {}

  record Add(int a, int b, int out, Gradient gradientA, Gradient gradientB) implements Operation {}

  /** The loss, the scores and the first gradient; the last operation of every plan. */
  record SoftmaxCrossEntropy(int logits, float labelSmoothing, Gradient gradient)
      implements Operation {}
}
