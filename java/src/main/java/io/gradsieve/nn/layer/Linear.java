package io.gradsieve.nn.layer;

import io.gradsieve.nn.IndexMap;
import io.gradsieve.nn.Lowering;
import io.gradsieve.nn.ParameterLayout;
import io.gradsieve.plan.Operation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Linear layer with bias, PyTorch's {@code Linear}; weights [out, in]. */
public record Linear(int features, boolean bias) implements Layer {
  static final String NAME = "linear";

  @Override
  public String kind() {
    return NAME;
  }

  @Override
  public Map<String, Object> options() {
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("features", features);
    options.put("bias", bias);
    return options;
  }

  @Override
  public Shape describe(Shape in, String name, ParameterLayout.Builder parameters) {
    if (!in.flat()) {
      throw misfit(
          name, "needs features, its input is the image " + in + "; put flatten before it");
    }
    int inputs = in.features();
    parameters.uniform(
        name + ".weight", List.of(features, inputs), IndexMap.linear(features, in), inputs);
    if (bias) {
      parameters.uniform(name + ".bias", List.of(features), IndexMap.vector(features), inputs);
    }
    return Shape.features(features);
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    int out = lowering.value(Shape.features(features));
    lowering.add(
        name,
        new Operation.Linear(
            in,
            out,
            lowering.offset(name + ".weight"),
            bias ? lowering.offset(name + ".bias") : -1));
    return out;
  }
}
