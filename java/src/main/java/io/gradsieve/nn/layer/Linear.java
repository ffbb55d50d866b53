package io.gradsieve.nn.layer;

import io.gradsieve.graph.Kind;
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
  public Shape describe(Shape in, String name, ParameterList.Builder parameters) {
    if (!in.flat()) {
      throw misfit(
          name, "needs features, its input is the image " + in + "; put flatten before it");
    }
    int inputs = in.features();
    parameters.uniform(name + ".weight", List.of(features, inputs), inputs);
    if (bias) {
      parameters.uniform(name + ".bias", List.of(features), inputs);
    }
    return Shape.features(features);
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    String[] parameters = bias ? new String[] {"weight", "bias"} : new String[] {"weight"};
    return lowering.add(name, new Kind.Linear(), List.of(in), Shape.features(features), parameters);
  }
}
