package io.gradsieve.nn.layer;

import io.gradsieve.nn.Lowering;
import io.gradsieve.nn.ParameterLayout;
import io.gradsieve.plan.Operation;
import java.util.Locale;
import java.util.Map;

/**
 * An element-wise function: PyTorch's {@code ReLU}, {@code GELU} (the exact one), {@code Tanh},
 * {@code Sigmoid}.
 */
public record Activation(Operation.Activation function) implements Layer {
  public Activation {
    if (function == Operation.Activation.IDENTITY) {
      throw new IllegalArgumentException("the identity is no layer");
    }
  }

  @Override
  public String kind() {
    return function.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public Map<String, Object> options() {
    return Map.of();
  }

  @Override
  public Shape describe(Shape in, String name, ParameterLayout.Builder parameters) {
    return in;
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    int out = lowering.value(lowering.shape(in));
    lowering.add(name, new Operation.Activate(in, out, function, Operation.Gradient.NONE));
    return out;
  }
}
