package io.gradsieve.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Values of parameters without a device, in PyTorch's order. */
public final class HeapParameters implements ParameterValues {
  private final List<Parameter> parameters;
  private final List<float[]> values = new ArrayList<>();
  private final Runnable released;
  private boolean closed;

  private HeapParameters(List<Parameter> parameters, Runnable released) {
    this.parameters = List.copyOf(parameters);
    this.released = released;
    for (Parameter parameter : parameters) {
      values.add(new float[Math.toIntExact(parameter.elements())]);
    }
  }

  /** All parameters of a graph, zeroed. */
  public static HeapParameters of(Graph graph) {
    return of(graph.parameters(), () -> {});
  }

  /** The trainable ones, zeroed. */
  public static HeapParameters trainable(ParameterValues all) {
    return of(all.parameters().stream().filter(Parameter::trainable).toList(), () -> {});
  }

  /** These, zeroed; {@code released} runs when they are closed. */
  public static HeapParameters of(List<Parameter> parameters, Runnable released) {
    return new HeapParameters(parameters, released);
  }

  /** Throws {@link IllegalStateException} if it was closed. */
  public HeapParameters open() {
    if (closed) {
      throw new IllegalStateException("the values of the parameters are closed");
    }
    return this;
  }

  @Override
  public List<Parameter> parameters() {
    return parameters;
  }

  @Override
  public float[] read(int parameter) {
    return open().values.get(parameter).clone();
  }

  @Override
  public void write(int parameter, float[] elements) {
    float[] own = open().values.get(parameter);
    if (elements.length != own.length) {
      throw new IllegalArgumentException(
          "%s has %d elements, not %d"
              .formatted(parameters.get(parameter).name(), own.length, elements.length));
    }
    System.arraycopy(elements, 0, own, 0, own.length);
  }

  @Override
  public Optional<Float> notFinite() {
    for (int p = 0; p < parameters().size(); p++) {
      for (float value : read(p)) {
        if (!Float.isFinite(value)) {
          return Optional.of(value);
        }
      }
    }
    return Optional.empty();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      released.run();
    }
  }
}
