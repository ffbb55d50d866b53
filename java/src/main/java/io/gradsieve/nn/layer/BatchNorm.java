package io.gradsieve.nn.layer;

import io.gradsieve.nn.IndexMap;
import io.gradsieve.nn.Lowering;
import io.gradsieve.nn.ParameterLayout;
import io.gradsieve.plan.Normalization;
import io.gradsieve.plan.Operation;
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
  public Shape describe(Shape in, String name, ParameterLayout.Builder parameters) {
    int count = in.flat() ? in.features() : in.channels();
    IndexMap map = in.flat() ? IndexMap.features(in) : IndexMap.channels(in);
    parameters.constant(name + ".weight", List.of(count), map, 1);
    parameters.constant(name + ".bias", List.of(count), map, 0);
    parameters.running(name + ".running_mean", List.of(count), map, 0);
    parameters.running(name + ".running_var", List.of(count), map, 1);
    parameters.counter(name + ".num_batches_tracked");
    return in;
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    Shape shape = lowering.shape(in);
    int out = lowering.value(shape);
    int normalizer = lowering.nextNormalizer();
    // Features of a flattened image each have statistics of their own: every lane of every position
    // is a channel.
    boolean lanes = shape.flat() && shape.positions() > 1;
    int x = lanes ? lowering.view(in) : in;
    lowering.add(
        name,
        new Normalization.BatchNormStatistics(
            normalizer,
            x,
            lowering.offset(name + ".running_mean"),
            lowering.offset(name + ".running_var"),
            EPS,
            MOMENTUM,
            Operation.Gradient.NONE));
    lowering.add(
        name,
        new Normalization.BatchNormNormalize(
            normalizer,
            x,
            -1,
            lanes ? lowering.view(out) : out,
            lowering.offset(name + ".weight"),
            lowering.offset(name + ".bias"),
            Operation.Activation.IDENTITY,
            Operation.Gradient.NONE));
    return out;
  }
}
