package io.gradsieve.nn.layer;

import io.gradsieve.graph.Kind;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * An element-wise function: PyTorch's {@code ReLU}, {@code GELU} (the exact one), {@code Tanh},
 * {@code Sigmoid}.
 */
public record Activation(Kind.Function function) implements Layer {
  @Override
  public String kind() {
    return function.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public Map<String, Object> options() {
    return Map.of();
  }

  @Override
  public Shape describe(Shape in, String name, ParameterList.Builder parameters) {
    return in;
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    return lowering.add(name, new Kind.Activation(function), List.of(in), lowering.shape(in));
  }
}
