package io.gradsieve.nn.layer;

import io.gradsieve.graph.Kind;
import java.util.List;
import java.util.Map;

/**
 * From an image to features in PyTorch's order, {@code Flatten}. No work: what follows sees the
 * same values in another shape.
 */
public record Flatten() implements Layer {
  static final String NAME = "flatten";

  @Override
  public String kind() {
    return NAME;
  }

  @Override
  public Map<String, Object> options() {
    return Map.of();
  }

  @Override
  public Shape describe(Shape in, String name, ParameterList.Builder parameters) {
    return in.flattened();
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    return lowering.add(name, new Kind.Flatten(), List.of(in), lowering.shape(in).flattened());
  }
}
