package io.gradsieve.nn;

import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import java.util.ArrayList;
import java.util.List;

/** Memory without a device: enough for a network's weights, not for steps. */
final class HeapParameters implements ParameterValues {
  private final List<Parameter> parameters;
  private final List<float[]> values = new ArrayList<>();

  private HeapParameters(List<Parameter> parameters) {
    this.parameters = List.copyOf(parameters);
    for (Parameter parameter : parameters) {
      values.add(new float[Math.toIntExact(parameter.elements())]);
    }
  }

  /** All parameters of a graph, zeroed. */
  static HeapParameters of(Graph graph) {
    return new HeapParameters(graph.parameters());
  }

  /** The trainable ones, zeroed. */
  static HeapParameters trainable(ParameterValues all) {
    return new HeapParameters(all.parameters().stream().filter(Parameter::trainable).toList());
  }

  @Override
  public List<Parameter> parameters() {
    return parameters;
  }

  @Override
  public float[] read(int parameter) {
    return values.get(parameter).clone();
  }

  @Override
  public void write(int parameter, float[] elements) {
    if (elements.length != values.get(parameter).length) {
      throw new IllegalArgumentException(parameters.get(parameter).name());
    }
    values.set(parameter, elements.clone());
  }

  @Override
  public void close() {}
}
