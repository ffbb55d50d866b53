package io.gradsieve.nn.layer;

import io.gradsieve.nn.IndexMap;
import io.gradsieve.nn.Lowering;
import io.gradsieve.nn.ParameterLayout;
import io.gradsieve.plan.Normalization;
import io.gradsieve.plan.Operation;
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
  public Shape describe(Shape in, String name, ParameterLayout.Builder parameters) {
    int count = in.flat() ? in.features() : in.width();
    if (count == 1) {
      throw misfit(
          name,
          "the last axis of its input %s has a single value, of which it makes zero; leave it out"
              .formatted(in));
    }
    IndexMap map = in.flat() ? IndexMap.features(in) : IndexMap.vector(in.width());
    parameters.constant(name + ".weight", List.of(count), map, 1);
    parameters.constant(name + ".bias", List.of(count), map, 0);
    return in;
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    Shape shape = lowering.shape(in);
    int out = lowering.value(shape);
    long rows = shape.flat() ? 1 : (long) shape.height() * shape.pitch();
    lowering.add(
        name,
        new Normalization.LayerNorm(
            in,
            out,
            !shape.flat(),
            lowering.offset(name + ".weight"),
            lowering.offset(name + ".bias"),
            EPS,
            lowering.saved(2 * rows),
            Operation.Gradient.NONE));
    return out;
  }
}
