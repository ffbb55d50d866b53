package io.gradsieve.nn.layer;

import io.gradsieve.nn.Lowering;
import io.gradsieve.nn.ParameterLayout;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.Operation.Pool;
import java.util.Map;

/**
 * Pooling over windows of kernel × kernel, stride = kernel: PyTorch's {@code MaxPool2d(k)}, {@code
 * AvgPool2d(k)}.
 */
public record Pool2d(Pool pool, int kernel) implements Layer {
  /** Largest kernel: the place in a window is kept as one byte. */
  static final int LARGEST_KERNEL = 16;

  static final String MAX = "maxpool2d";
  static final String AVERAGE = "avgpool2d";

  @Override
  public String kind() {
    return pool == Pool.MAX ? MAX : AVERAGE;
  }

  @Override
  public Map<String, Object> options() {
    return Map.of("kernel", kernel);
  }

  @Override
  public Shape describe(Shape in, String name, ParameterLayout.Builder parameters) {
    needsImage(in, name);
    if (kernel > in.height() || kernel > in.width()) {
      throw misfit(
          name,
          "kernel %dx%d is larger than its input %s; use a smaller kernel or leave it out"
              .formatted(kernel, kernel, in));
    }
    return output(in);
  }

  private Shape output(Shape in) {
    return new Shape(in.channels(), in.height() / kernel, in.width() / kernel, in.pitch(), false);
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    Shape shape = output(lowering.shape(in));
    int out = lowering.value(shape);
    int saved = pool == Pool.MAX ? lowering.saved(Lowering.choiceFloats(shape)) : -1;
    lowering.add(
        name, new Operation.Pool2d(in, out, pool, kernel, kernel, saved, Operation.Gradient.NONE));
    return out;
  }
}
