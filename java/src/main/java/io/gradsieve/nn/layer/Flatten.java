package io.gradsieve.nn.layer;

import io.gradsieve.nn.Lowering;
import io.gradsieve.nn.ParameterLayout;
import java.util.Map;

/**
 * From an image to features in PyTorch's order, {@code Flatten}. No operation: what follows has its
 * parameters permuted.
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
  public Shape describe(Shape in, String name, ParameterLayout.Builder parameters) {
    return in.flattened();
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    return lowering.flattened(in);
  }
}
