package io.gradsieve.nn;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.RandomBits;
import io.gradsieve.graph.Kind;
import io.gradsieve.nn.layer.Activation;
import io.gradsieve.nn.layer.BatchNorm;
import io.gradsieve.nn.layer.Conv2d;
import io.gradsieve.nn.layer.Dropout;
import io.gradsieve.nn.layer.Flatten;
import io.gradsieve.nn.layer.GlobalAveragePool;
import io.gradsieve.nn.layer.GroupNorm;
import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.LayerNorm;
import io.gradsieve.nn.layer.Linear;
import io.gradsieve.nn.layer.ParameterList;
import io.gradsieve.nn.layer.Pool2d;
import io.gradsieve.nn.layer.Residual;
import io.gradsieve.nn.layer.Shape;
import java.util.ArrayList;
import java.util.List;

/** Small networks of any layers in any order that fits, one for each seed. */
final class RandomNetworks {
  private final RandomBits bits;
  private int drawn;

  private RandomNetworks(long seed) {
    bits = RandomBits.of(seed, "networks", 0);
  }

  static NetworkSpec of(long seed) {
    return new RandomNetworks(seed).network();
  }

  private int below(int bound) {
    return bits.below(drawn++, bound);
  }

  private NetworkSpec network() {
    boolean image = below(5) > 0;
    List<Integer> input =
        image ? List.of(1 + below(3), 3 + below(6), 3 + below(6)) : List.of(3 + below(20));
    Shape shape =
        image
            ? Shape.image(input.get(0), input.get(1), input.get(2))
            : Shape.features(input.get(0));
    List<Layer> layers = new ArrayList<>();
    if (image) {
      shape = chain(layers, shape, 1 + below(6), true);
      if (below(2) == 0) {
        shape = append(layers, shape, new GlobalAveragePool());
      }
      shape = append(layers, shape, new Flatten());
    }
    chain(layers, shape, below(4), true);
    layers.add(new Linear(2 + below(4), below(3) > 0));
    return NetworkSpec.of(input, layers);
  }

  private Shape chain(List<Layer> layers, Shape in, int count, boolean residuals) {
    Shape shape = in;
    for (int i = 0; i < count; i++) {
      shape = append(layers, shape, layer(shape, residuals));
    }
    return shape;
  }

  private Shape append(List<Layer> layers, Shape in, Layer layer) {
    try {
      Shape out = layer.describe(in, "test", new ParameterList.Builder());
      layers.add(layer);
      return out;
    } catch (BadData doesNotFit) {
      return in;
    }
  }

  private Layer layer(Shape shape, boolean residuals) {
    return switch (below(12)) {
      case 0, 1, 2 -> shape.flat() ? new Linear(2 + below(20), below(2) == 0) : convolution();
      case 3, 4 -> new BatchNorm();
      case 5 -> new GroupNorm(1 + below(Math.min(3, shape.channels())));
      case 6 -> new LayerNorm();
      case 7 -> new Activation(Kind.Function.values()[below(4)]);
      case 8 -> new Activation(Kind.Function.RELU);
      case 9 -> new Pool2d(Kind.Pool.values()[below(2)], 2 + below(2));
      case 10 -> new Dropout(below(5) / 10.0);
      default -> residuals ? residual(shape) : new Activation(Kind.Function.RELU);
    };
  }

  private Layer convolution() {
    return new Conv2d(
        1 + below(20), 1 + below(3), 1 + below(3), 1 + below(2), below(2), below(2) == 0);
  }

  /**
   * A body of any kind; the shortcut is the identity if that fits, else layers that make it fit.
   */
  private Layer residual(Shape in) {
    List<Layer> body = new ArrayList<>();
    Shape out = chain(body, in, 1 + below(4), below(3) == 0);
    if (body.isEmpty()) {
      body.add(new Dropout(0));
    }
    if (out.sameAs(in) && below(2) == 0) {
      return new Residual(body, List.of());
    }
    if (in.flat()) {
      body.add(new Linear(in.features(), true));
      List<Layer> shortcut = new ArrayList<>(List.of(new Linear(in.features(), false)));
      chain(shortcut, Shape.features(in.features()), below(2), false);
      if (!shortcut
          .get(shortcut.size() - 1)
          .describe(Shape.features(in.features()), "test", new ParameterList.Builder())
          .sameAs(Shape.features(in.features()))) {
        shortcut = List.of(new Linear(in.features(), false));
      }
      return new Residual(body, shortcut);
    }
    int size = 1 + in.height() - out.height();
    int wide = 1 + in.width() - out.width();
    List<Layer> shortcut = new ArrayList<>();
    if (size < 1 || wide < 1) {
      shortcut.add(new GlobalAveragePool());
      body.add(new GlobalAveragePool());
      shortcut.add(new Conv2d(out.channels(), 1, 1, 1, 0, true));
    } else {
      shortcut.add(new Conv2d(out.channels(), size, wide, 1, 0, below(2) == 0));
    }
    if (below(2) == 0) {
      shortcut.add(new BatchNorm());
    }
    return new Residual(body, shortcut);
  }
}
