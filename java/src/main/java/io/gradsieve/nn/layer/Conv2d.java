package io.gradsieve.nn.layer;

import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Kind.Window;
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
  public Shape describe(Shape in, String name, ParameterList.Builder parameters) {
    needsImage(in, name);
    if (kernelHeight > in.height() + 2 * padding || kernelWidth > in.width() + 2 * padding) {
      throw misfit(
          name,
          "kernel %dx%d is larger than its input %s with padding %d; use a smaller kernel, more padding or less pooling before"
              .formatted(kernelHeight, kernelWidth, in, padding));
    }
    int fanIn = in.channels() * kernelHeight * kernelWidth;
    List<Integer> shape = List.of(channels, in.channels(), kernelHeight, kernelWidth);
    parameters.uniform(name + ".weight", shape, fanIn);
    if (bias) {
      parameters.uniform(name + ".bias", List.of(channels), fanIn);
    }
    return output(window(in));
  }

  private Window window(Shape in) {
    return new Window(in.height(), in.width(), kernelHeight, kernelWidth, stride, padding);
  }

  private Shape output(Window window) {
    return Shape.image(channels, window.outputHeight(), window.outputWidth());
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    Window window = window(lowering.shape(in));
    String[] parameters = bias ? new String[] {"weight", "bias"} : new String[] {"weight"};
    return lowering.add(name, new Kind.Conv2d(window), List.of(in), output(window), parameters);
  }
}
