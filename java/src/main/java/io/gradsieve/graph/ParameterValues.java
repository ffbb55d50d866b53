package io.gradsieve.graph;

import java.util.List;
import java.util.Optional;

/**
 * A number for every element of a network's parameters: weights, gradients or what an optimizer
 * keeps. Where and how they lie is a device's; outside they are PyTorch's tensors. Has one owner,
 * who closes it.
 */
public interface ParameterValues extends AutoCloseable {
  /**
   * The parameters, in the order of their indices; of gradients and optimizer state only the
   * trainable ones, which come first.
   */
  List<Parameter> parameters();

  /** A copy of a parameter's elements, in PyTorch's order. */
  float[] read(int parameter);

  /**
   * Sets a parameter's elements, in PyTorch's order; throws {@code IllegalArgumentException} if
   * there are more or fewer.
   */
  void write(int parameter, float[] elements);

  /** One of the numbers that is not finite, found where they lie; empty if all are. */
  Optional<Float> notFinite();

  @Override
  void close();
}
