package io.gradsieve.plan;

import java.util.List;
import java.util.function.IntUnaryOperator;

/** The operations that normalise a value by moments of its own, of its group or of the batch. */
public sealed interface Normalization extends Operation {
  /**
   * Mean and variance over batch and positions; a segment boundary lies between it and its
   * normalize, of the same {@code normalizer} (batch norm layers numbered from 0). Its backward
   * pass turns the gradient that normalize left in its output into the gradient of {@code in}.
   */
  record BatchNormStatistics(
      int normalizer,
      int in,
      long runningMean,
      long runningVariance,
      float eps,
      float momentum,
      Gradient gradient)
      implements Normalization {
    @Override
    public Dataflow dataflow() {
      return new Dataflow(List.of(in), -1, -1, List.of(in), List.of(in), List.of(gradient), false);
    }

    @Override
    public BatchNormStatistics withGradients(List<Gradient> gradients) {
      return new BatchNormStatistics(
          normalizer, in, runningMean, runningVariance, eps, momentum, gradients.get(0));
    }

    @Override
    public BatchNormStatistics renumber(IntUnaryOperator tensor) {
      return new BatchNormStatistics(
          normalizer, tensor.applyAsInt(in), runningMean, runningVariance, eps, momentum, gradient);
    }
  }

  /**
   * activation(normalised in · gamma + beta + skip); in a segment after its statistics. Its
   * backward pass masks the gradient of {@code out} in place by the activation and leaves it there
   * for the statistics.
   */
  record BatchNormNormalize(
      int normalizer,
      int in,
      int skip,
      int out,
      long gamma,
      long beta,
      Activation activation,
      Gradient skipGradient)
      implements Normalization {
    @Override
    public Dataflow dataflow() {
      List<Integer> kept = Dataflow.activated(in, out, activation);
      return skip < 0
          ? new Dataflow(List.of(in), out, -1, kept, List.of(), List.of(), true)
          : new Dataflow(
              List.of(in, skip), out, -1, kept, List.of(skip), List.of(skipGradient), true);
    }

    @Override
    public BatchNormNormalize withGradients(List<Gradient> gradients) {
      return skip < 0 ? this : change(in, skip, out, activation, gradients.get(0));
    }

    @Override
    public BatchNormNormalize renumber(IntUnaryOperator tensor) {
      return change(
          tensor.applyAsInt(in),
          tensor.applyAsInt(skip),
          tensor.applyAsInt(out),
          activation,
          skipGradient);
    }

    /** The same followed by the sum with {@code newSkip} (-1: none) and an activation. */
    public BatchNormNormalize fused(int newSkip, int newOut, Activation newActivation) {
      return change(in, newSkip, newOut, newActivation, skipGradient);
    }

    private BatchNormNormalize change(int a, int s, int b, Activation f, Gradient g) {
      return new BatchNormNormalize(normalizer, a, s, b, gamma, beta, f, g);
    }
  }

  /** Group norm; {@code saved} holds mean and inverse deviation, 2 · groups floats a sample. */
  record GroupNorm(
      int in, int out, int groups, long gamma, long beta, float eps, int saved, Gradient gradient)
      implements Normalization {
    @Override
    public Dataflow dataflow() {
      return Dataflow.chain(in, out, saved, List.of(in), gradient, true);
    }

    @Override
    public GroupNorm withGradients(List<Gradient> gradients) {
      return new GroupNorm(in, out, groups, gamma, beta, eps, saved, gradients.get(0));
    }

    @Override
    public GroupNorm renumber(IntUnaryOperator tensor) {
      return new GroupNorm(
          tensor.applyAsInt(in),
          tensor.applyAsInt(out),
          groups,
          gamma,
          beta,
          eps,
          tensor.applyAsInt(saved),
          gradient);
    }
  }

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
      implements Normalization {
    @Override
    public Dataflow dataflow() {
      return Dataflow.chain(in, out, saved, List.of(in), gradient, true);
    }

    @Override
    public LayerNorm withGradients(List<Gradient> gradients) {
      return new LayerNorm(in, out, spatial, gamma, beta, eps, saved, gradients.get(0));
    }

    @Override
    public LayerNorm renumber(IntUnaryOperator tensor) {
      return new LayerNorm(
          tensor.applyAsInt(in),
          tensor.applyAsInt(out),
          spatial,
          gamma,
          beta,
          eps,
          tensor.applyAsInt(saved),
          gradient);
    }
  }
}
