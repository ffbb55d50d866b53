package io.gradsieve.nn;

import java.util.List;

/**
 * A trainable parameter or a running statistic.
 *
 * @param name in PyTorch, such as {@code 3.body.0.weight}
 * @param shape in PyTorch
 * @param map where its elements lie inside
 * @param offset floats from the start of the weights
 * @param trainable false for running statistics
 * @param initial the value at the start, where {@code bound} is 0
 * @param bound else: uniform in ±bound
 */
public record Parameter(
    String name,
    List<Integer> shape,
    IndexMap map,
    long offset,
    boolean trainable,
    float initial,
    double bound) {
  public Parameter {
    shape = List.copyOf(shape);
  }

  /** Elements in PyTorch's view. */
  public long elements() {
    return map.elements();
  }
}
