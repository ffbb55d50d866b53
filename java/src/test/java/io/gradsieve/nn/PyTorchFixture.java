package io.gradsieve.nn;

import io.gradsieve.format.safetensors.SafeTensors;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * A network, its weights and what double-precision PyTorch makes of a batch; made by
 * src/test/python/make_fixtures.py.
 */
record PyTorchFixture(String name, NetworkSpec spec, Path weights, Path expected) {
  /**
   * Together they have every kind of layer, odd sizes, strides, and residuals with and without
   * shortcut.
   */
  static final List<String> NAMES =
      List.of(
          "perceptron",
          "features",
          "pooled-convolutions",
          "strides",
          "residuals",
          "group-norm-residuals",
          "flattened-layer-norm",
          "image-layer-norm",
          "flattened-batch-norm",
          "preactivation",
          "feature-residuals",
          "wide-convolutions");

  static PyTorchFixture of(String name) {
    return new PyTorchFixture(
        name,
        NetworkSpec.read(file(name + ".yaml")),
        file(name + ".weights.safetensors"),
        file(name + ".expected.safetensors"));
  }

  private static Path file(String name) {
    try {
      return Path.of(Objects.requireNonNull(PyTorchFixture.class.getResource(name), name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(name, e);
    }
  }

  /** A double-precision result. */
  double[] doubles(String tensor) {
    try (SafeTensors tensors = SafeTensors.open(expected)) {
      return tensors.doubles(tensor);
    }
  }

  int[] labels() {
    try (SafeTensors tensors = SafeTensors.open(expected)) {
      long[] labels = tensors.longs("labels");
      int[] result = new int[labels.length];
      for (int i = 0; i < labels.length; i++) {
        result[i] = Math.toIntExact(labels[i]);
      }
      return result;
    }
  }

  /** The batch as the engine takes it, [B][H][W][C]. */
  float[] inputs() {
    try (SafeTensors tensors = SafeTensors.open(expected)) {
      return channelsLast(tensors.floats("inputs"), spec);
    }
  }

  /** From [B][C][H][W] to [B][H][W][C]. */
  static float[] channelsLast(float[] values, NetworkSpec spec) {
    int channels = spec.input().size() == 3 ? spec.input().get(0) : spec.inputs();
    int positions = spec.inputs() / channels;
    float[] result = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      int sample = i / spec.inputs();
      int c = i % spec.inputs() / positions;
      int t = i % positions;
      result[sample * spec.inputs() + t * channels + c] = values[i];
    }
    return result;
  }
}
