package io.gradsieve.nn.layer;

import io.gradsieve.nn.IndexMap;
import io.gradsieve.nn.Lowering;
import io.gradsieve.nn.ParameterLayout;
import io.gradsieve.plan.Normalization;
import io.gradsieve.plan.Operation;
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
  public Shape describe(Shape in, String name, ParameterLayout.Builder parameters) {
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
    parameters.constant(name + ".weight", List.of(in.channels()), IndexMap.channels(in), 1);
    parameters.constant(name + ".bias", List.of(in.channels()), IndexMap.channels(in), 0);
    return in;
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    int out = lowering.value(lowering.shape(in));
    lowering.add(
        name,
        new Normalization.GroupNorm(
            in,
            out,
            groups,
            lowering.offset(name + ".weight"),
            lowering.offset(name + ".bias"),
            EPS,
            lowering.saved(2L * groups),
            Operation.Gradient.NONE));
    return out;
  }
}
