package io.gradsieve.nn;

import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.ParameterList;
import io.gradsieve.nn.layer.Residual;
import io.gradsieve.nn.layer.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A network as a table: what {@code --dry-run} shows.
 *
 * @param rows one a layer, in order; a residual's own layers before the row of its sum
 * @param parameters trainable parameters as PyTorch counts them
 * @param segments segments of its training step
 */
public record NetworkSummary(List<Row> rows, long parameters, int segments) {
  public NetworkSummary {
    rows = List.copyOf(rows);
  }

  /**
   * One layer.
   *
   * @param name in PyTorch, such as {@code 3.body.0}
   * @param outputShape such as 32x14x14
   * @param parameters trainable parameters of this layer
   * @param segment the segment of the training step that runs it, from 0; -1 for flatten, which is
   *     no operation
   */
  public record Row(String name, String kind, String outputShape, long parameters, int segment) {}

  /**
   * The table of a network.
   *
   * @param segmentOf the segment of the training step that runs each layer
   */
  public static NetworkSummary of(NetworkSpec spec, Map<String, Integer> segmentOf) {
    NetworkSpec.Description description = spec.describe();
    List<Row> rows = new ArrayList<>();
    Shape in = description.input();
    for (int i = 0; i < spec.layers().size(); i++) {
      in = add(rows, spec.layers().get(i), in, Integer.toString(i), segmentOf);
    }
    int segments = segmentOf.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
    return new NetworkSummary(rows, description.parameters().trainableElements(), segments);
  }

  private static Shape add(
      List<Row> rows, Layer layer, Shape in, String name, Map<String, Integer> segmentOf) {
    ParameterList.Builder parameters = new ParameterList.Builder();
    Shape out = layer.describe(in, name, parameters);
    long own = parameters.trainableElements();
    if (layer instanceof Residual residual) {
      own = 0;
      addAll(rows, residual.body(), in, name + ".body.", segmentOf);
      addAll(rows, residual.shortcut(), in, name + ".shortcut.", segmentOf);
    }
    rows.add(new Row(name, layer.kind(), out.toString(), own, segmentOf.getOrDefault(name, -1)));
    return out;
  }

  private static void addAll(
      List<Row> rows, List<Layer> layers, Shape in, String prefix, Map<String, Integer> segmentOf) {
    Shape shape = in;
    for (int i = 0; i < layers.size(); i++) {
      shape = add(rows, layers.get(i), shape, prefix + i, segmentOf);
    }
  }
}
