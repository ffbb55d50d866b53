package io.gradsieve.nn;

import io.gradsieve.backend.DeviceBuffer;
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

  /** Its elements, in PyTorch's order, in a buffer of weights, gradients or optimizer state. */
  public float[] read(DeviceBuffer buffer) {
    float[] inside = new float[Math.toIntExact(map.floats())];
    buffer.read(offset, inside);
    return map.outside(inside);
  }

  /** Sets them; throws {@code IllegalArgumentException} if there are more or fewer. */
  public void write(DeviceBuffer buffer, float[] elements) {
    if (elements.length != elements()) {
      throw new IllegalArgumentException(
          name + " has " + elements() + " elements, not " + elements.length);
    }
    buffer.write(offset, map.inside(elements));
  }

  /** Elements in PyTorch's view. */
  public long elements() {
    return map.elements();
  }
}
