package io.gradsieve.nn.layer;

import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Value;
import java.util.List;
import java.util.Map;

/**
 * Layer norm over the last axis (features, or W of an image), PyTorch's {@code LayerNorm} (Ba,
 * Kiros and Hinton 2016).
 */
public record LayerNorm() implements Layer {
  static final String NAME = "layernorm";

  static final float EPS = 1e-5f;

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
    int count = in.flat() ? in.features() : in.width();
    if (count == 1) {
      throw misfit(
          name,
          "the last axis of its input %s has a single value, of which it makes zero; leave it out"
              .formatted(in));
    }
    parameters.constant(name + ".weight", List.of(count), 1);
    parameters.constant(name + ".bias", List.of(count), 0);
    return in;
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    Shape shape = lowering.shape(in);
    return shape.flat()
        ? add(lowering, in, name, new Kind.LayerNorm(EPS), Value.of(1, 2))
        : add(
            lowering,
            in,
            name,
            new Kind.RowNorm(shape.width(), EPS),
            Value.of(shape.height(), 2 * shape.channels()));
  }

  private static int add(Lowering lowering, int in, String name, Kind kind, Value saved) {
    return lowering.add(
        name, kind, List.of(in), lowering.shape(in), List.of(saved), "weight", "bias");
  }
}
