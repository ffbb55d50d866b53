package io.gradsieve.graph;

import java.util.List;

/**
 * A trainable parameter or a running statistic.
 *
 * @param name in PyTorch, such as {@code 3.body.0.weight}
 * @param shape in PyTorch
 * @param trainable false for running statistics
 */
public record Parameter(String name, List<Integer> shape, boolean trainable) {
  public Parameter {
    shape = List.copyOf(shape);
  }

  /** How many numbers it has. */
  public long elements() {
    long elements = 1;
    for (int size : shape) {
      elements = Math.multiplyExact(elements, size);
    }
    return elements;
  }
}
