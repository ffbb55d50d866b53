package io.gradsieve.nn.layer;

import io.gradsieve.nn.Lowering;
import io.gradsieve.nn.ParameterLayout;
import io.gradsieve.plan.Operation;
import java.util.Map;

/**
 * The mean over all positions of each channel, PyTorch's {@code AdaptiveAvgPool2d(1)}: the image
 * C×1×1.
 */
public record GlobalAveragePool() implements Layer {
  static final String NAME = "globalavgpool";

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
    needsImage(in, name);
    return new Shape(in.channels(), 1, 1, in.pitch(), false);
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    Shape shape = lowering.shape(in);
    int out = lowering.value(new Shape(shape.channels(), 1, 1, shape.pitch(), false));
    lowering.add(
        name,
        new Operation.Pool2d(
            in,
            out,
            Operation.Pool.AVERAGE,
            shape.height(),
            shape.width(),
            -1,
            Operation.Gradient.NONE));
    return out;
  }
}
