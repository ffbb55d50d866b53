package io.gradsieve.nn;

import io.gradsieve.backend.DeviceBuffer;
import java.util.HashMap;
import java.util.Map;

/** The values of a network's parameters, running statistics and counters as PyTorch sees them. */
public final class Parameters {
  private final ParameterLayout layout;
  private final DeviceBuffer weights;
  private final Map<String, Long> counters = new HashMap<>();

  Parameters(ParameterLayout layout, DeviceBuffer weights) {
    this.layout = layout;
    this.weights = weights;
    layout.counters().forEach(name -> counters.put(name, 0L));
  }

  /** Where each lies inside. */
  public ParameterLayout layout() {
    return layout;
  }

  /** Elements in PyTorch's order. */
  public float[] read(Parameter parameter) {
    return parameter.read(weights);
  }

  /**
   * Sets the elements, in PyTorch's order; throws {@code IllegalArgumentException} if there are
   * more or fewer.
   */
  public void write(Parameter parameter, float[] elements) {
    parameter.write(weights, elements);
  }

  /** A counter's value ({@code num_batches_tracked}). */
  public long counter(String name) {
    return counters.get(name);
  }

  void setCounter(String name, long value) {
    counters.put(name, value);
  }

  /** Adds training batches to every counter. */
  public void countBatches(long batches) {
    counters.replaceAll((name, count) -> count + batches);
  }
}
