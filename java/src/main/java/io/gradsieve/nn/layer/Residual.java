package io.gradsieve.nn.layer;

import io.gradsieve.graph.Kind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The sum of a chain of layers and a shortcut (He et al. 2016); an empty shortcut is the identity.
 */
public record Residual(List<Layer> body, List<Layer> shortcut) implements Layer {
  static final String NAME = "residual";

  public Residual {
    body = List.copyOf(body);
    shortcut = List.copyOf(shortcut);
  }

  @Override
  public String kind() {
    return NAME;
  }

  @Override
  public Map<String, Object> options() {
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("body", body);
    if (!shortcut.isEmpty()) {
      options.put("shortcut", shortcut);
    }
    return options;
  }

  @Override
  public Shape describe(Shape in, String name, ParameterList.Builder parameters) {
    Shape a = describe(body, in, name + ".body.", parameters);
    Shape b = describe(shortcut, in, name + ".shortcut.", parameters);
    if (!a.sameAs(b)) {
      String side = shortcut.isEmpty() ? "the identity shortcut" : "the shortcut";
      throw misfit(
          name,
          "the body gives %s but %s gives %s; give the shortcut a conv2d or linear (kernel 1, the body's stride) to match"
              .formatted(a, side, b));
    }
    if (!a.sameOrder(b)) {
      throw misfit(
          name,
          "adds a flattened image to plain features, which is not supported; put a linear into both"
              + " or flatten after the sum");
    }
    return a;
  }

  private static Shape describe(
      List<Layer> layers, Shape in, String prefix, ParameterList.Builder parameters) {
    Shape shape = in;
    for (int i = 0; i < layers.size(); i++) {
      shape = layers.get(i).describe(shape, prefix + i, parameters);
    }
    return shape;
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    int a = in;
    for (int i = 0; i < body.size(); i++) {
      a = body.get(i).lower(lowering, a, name + ".body." + i);
    }
    int b = in;
    for (int i = 0; i < shortcut.size(); i++) {
      b = shortcut.get(i).lower(lowering, b, name + ".shortcut." + i);
    }
    return lowering.add(name, new Kind.Add(), List.of(a, b), lowering.shape(a));
  }
}
