package io.gradsieve.nn.layer;

import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Kind.Pool;
import io.gradsieve.graph.Value;
import java.util.List;
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
  public Shape describe(Shape in, String name, ParameterList.Builder parameters) {
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
    return Shape.image(in.channels(), in.height() / kernel, in.width() / kernel);
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    Shape shape = lowering.shape(in);
    Shape output = output(shape);
    List<Value> saved =
        pool == Pool.MAX ? List.of(Value.bytes(output.positions(), output.channels())) : List.of();
    return lowering.add(
        name,
        new Kind.Pool2d(pool, shape.height(), shape.width(), kernel, kernel),
        List.of(in),
        output,
        saved);
  }
}
