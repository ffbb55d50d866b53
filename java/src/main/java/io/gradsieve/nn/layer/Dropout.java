package io.gradsieve.nn.layer;

import io.gradsieve.nn.Lowering;
import io.gradsieve.nn.ParameterLayout;
import io.gradsieve.plan.Operation;
import java.util.Map;

/** Dropout of single elements in training, PyTorch's {@code Dropout} (Srivastava et al. 2014). */
public record Dropout(double p) implements Layer {
  static final String NAME = "dropout";

  @Override
  public String kind() {
    return NAME;
  }

  @Override
  public Map<String, Object> options() {
    return Map.of("p", p);
  }

  @Override
  public Shape describe(Shape in, String name, ParameterLayout.Builder parameters) {
    return in;
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    int out = lowering.value(lowering.shape(in));
    lowering.add(
        name, new Operation.Dropout(in, out, p, lowering.nextDropout(), Operation.Gradient.NONE));
    return out;
  }
}
