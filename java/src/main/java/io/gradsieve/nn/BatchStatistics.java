package io.gradsieve.nn;

import io.gradsieve.nn.layer.BatchNorm;
import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.ParameterList;
import io.gradsieve.nn.layer.Residual;
import io.gradsieve.nn.layer.Shape;
import java.util.List;
import java.util.Optional;

/**
 * The batch norm of a network that sees the fewest values.
 *
 * @param layer its name in PyTorch
 * @param values of one sample behind each mean and variance: 1 of features, H·W of images
 */
public record BatchStatistics(String layer, int values) {
  /** Of a network; empty without batch norm. */
  public static Optional<BatchStatistics> scarcest(NetworkSpec spec) {
    return Walk.of(spec).scarcest;
  }

  private static final class Walk {
    private Optional<BatchStatistics> scarcest = Optional.empty();

    static Walk of(NetworkSpec spec) {
      Walk walk = new Walk();
      walk.through(spec.layers(), spec.describe().input(), "");
      return walk;
    }

    private void through(List<Layer> layers, Shape in, String prefix) {
      Shape shape = in;
      for (int i = 0; i < layers.size(); i++) {
        Layer layer = layers.get(i);
        String name = prefix + i;
        if (layer instanceof Residual residual) {
          through(residual.body(), shape, name + ".body.");
          through(residual.shortcut(), shape, name + ".shortcut.");
        } else if (layer instanceof BatchNorm) {
          int values = shape.flat() ? 1 : shape.positions();
          if (scarcest.filter(least -> least.values() <= values).isEmpty()) {
            scarcest = Optional.of(new BatchStatistics(name, values));
          }
        }
        shape = layer.describe(shape, name, new ParameterList.Builder());
      }
    }
  }
}
