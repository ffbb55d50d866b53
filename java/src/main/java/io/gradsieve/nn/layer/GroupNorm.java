package io.gradsieve.nn.layer;

import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Value;
import java.util.List;
import java.util.Map;

/** Group norm, PyTorch's {@code GroupNorm} (Wu and He 2018). */
public record GroupNorm(int groups) implements Layer {
  static final String NAME = "groupnorm";

  static final float EPS = 1e-5f;

  @Override
  public String kind() {
    return NAME;
  }

  @Override
  public Map<String, Object> options() {
    return Map.of("groups", groups);
  }

  @Override
  public Shape describe(Shape in, String name, ParameterList.Builder parameters) {
    if (in.flat() && in.positions() > 1) {
      throw misfit(name, "after flatten is not supported; put it before flatten");
    }
    if (in.channels() % groups != 0) {
      throw misfit(
          name,
          groups
              + " groups do not divide the "
              + in.channels()
              + " channels of its input "
              + in
              + "; choose a divisor");
    }
    if (in.channels() == groups && in.positions() == 1) {
      throw misfit(
          name,
          "each of the %d groups would be a single value, of which it makes zero; choose fewer groups"
              .formatted(groups));
    }
    parameters.constant(name + ".weight", List.of(in.channels()), 1);
    parameters.constant(name + ".bias", List.of(in.channels()), 0);
    return in;
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    return lowering.add(
        name,
        new Kind.GroupNorm(groups, EPS),
        List.of(in),
        lowering.shape(in),
        List.of(Value.of(1, 2 * groups)),
        "weight",
        "bias");
  }
}
