package io.gradsieve.nn.layer;

import io.gradsieve.nn.IndexMap;
import io.gradsieve.nn.Lowering;
import io.gradsieve.nn.ParameterLayout;
import io.gradsieve.plan.Operation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Convolution with zero padding, PyTorch's {@code Conv2d}; weights [out, in, kh, kw]. */
public record Conv2d(
    int channels, int kernelHeight, int kernelWidth, int stride, int padding, boolean bias)
    implements Layer {
  static final String NAME = "conv2d";

  @Override
  public String kind() {
    return NAME;
  }

  @Override
  public Map<String, Object> options() {
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("channels", channels);
    options.put(
        "kernel", kernelHeight == kernelWidth ? kernelHeight : List.of(kernelHeight, kernelWidth));
    options.put("stride", stride);
    options.put("padding", padding);
    options.put("bias", bias);
    return options;
  }

  @Override
  public Shape describe(Shape in, String name, ParameterLayout.Builder parameters) {
    needsImage(in, name);
    if (kernelHeight > in.height() + 2 * padding || kernelWidth > in.width() + 2 * padding) {
      throw misfit(
          name,
          "kernel %dx%d is larger than its input %s with padding %d; use a smaller kernel, more padding or less pooling before"
              .formatted(kernelHeight, kernelWidth, in, padding));
    }
    int fanIn = in.channels() * kernelHeight * kernelWidth;
    List<Integer> shape = List.of(channels, in.channels(), kernelHeight, kernelWidth);
    parameters.uniform(
        name + ".weight",
        shape,
        IndexMap.convolution(channels, in.channels(), kernelHeight * kernelWidth),
        fanIn);
    if (bias) {
      parameters.uniform(name + ".bias", List.of(channels), IndexMap.vector(channels), fanIn);
    }
    return Shape.image(
        channels, outputs(in.height(), kernelHeight), outputs(in.width(), kernelWidth));
  }

  private int outputs(int size, int kernel) {
    return (size + 2 * padding - kernel) / stride + 1;
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    Shape shape = lowering.shape(in);
    int out =
        lowering.value(
            Shape.image(
                channels,
                outputs(shape.height(), kernelHeight),
                outputs(shape.width(), kernelWidth)));
    lowering.add(
        name,
        new Operation.Conv2d(
            in,
            out,
            kernelHeight,
            kernelWidth,
            stride,
            padding,
            lowering.offset(name + ".weight"),
            bias ? lowering.offset(name + ".bias") : -1,
            Operation.Activation.IDENTITY,
            1,
            -1,
            Operation.Gradient.NONE));
    return out;
  }
}
