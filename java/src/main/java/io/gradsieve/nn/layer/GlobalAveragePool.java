package io.gradsieve.nn.layer;

import io.gradsieve.graph.Kind;
import java.util.List;
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
  public Shape describe(Shape in, String name, ParameterList.Builder parameters) {
    needsImage(in, name);
    return Shape.image(in.channels(), 1, 1);
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    Shape shape = lowering.shape(in);
    int height = shape.height();
    int width = shape.width();
    return lowering.add(
        name,
        new Kind.Pool2d(Kind.Pool.AVERAGE, height, width, height, width),
        List.of(in),
        Shape.image(shape.channels(), 1, 1));
  }
}
