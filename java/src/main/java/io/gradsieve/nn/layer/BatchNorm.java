package io.gradsieve.nn.layer;

import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Value;
import java.util.List;
import java.util.Map;

/**
 * Batch norm, PyTorch's {@code BatchNorm2d} of images and {@code BatchNorm1d} of features (Ioffe
 * and Szegedy 2015).
 */
public record BatchNorm() implements Layer {
  static final String NAME = "batchnorm";

  static final float EPS = 1e-5f;
  static final float MOMENTUM = 0.1f;

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
    int count = in.flat() ? in.features() : in.channels();
    parameters.constant(name + ".weight", List.of(count), 1);
    parameters.constant(name + ".bias", List.of(count), 0);
    parameters.running(name + ".running_mean", List.of(count), 0);
    parameters.running(name + ".running_var", List.of(count), 1);
    parameters.counter(name + ".num_batches_tracked");
    return in;
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    Shape shape = lowering.shape(in);
    int statistics =
        lowering.addOfBatch(
            name,
            new Kind.BatchNormStatistics(EPS, MOMENTUM),
            List.of(in),
            Value.ofBatch(2, shape.value().channels()),
            "running_mean",
            "running_var");
    return lowering.add(
        name, new Kind.BatchNormNormalize(), List.of(in, statistics), shape, "weight", "bias");
  }
}
