package io.gradsieve.nn.layer;

import io.gradsieve.GradsieveException;
import io.gradsieve.format.yaml.YamlNode;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Kind.Pool;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The layers that model files know, by name. To add one: its line below. */
public final class LayerKinds {
  private record Entry(List<String> options, Function<LayerOptions, Layer> make) {}

  private static final Map<String, Entry> KINDS = new LinkedHashMap<>();

  static {
    kind(Conv2d.NAME, LayerKinds::conv2d, "channels", "kernel", "stride", "padding", "bias");
    kind(
        Linear.NAME,
        o -> new Linear(o.count("features"), o.flag("bias", true)),
        "features",
        "bias");
    kind(BatchNorm.NAME, o -> new BatchNorm());
    kind(GroupNorm.NAME, o -> new GroupNorm(o.count("groups")), "groups");
    kind(LayerNorm.NAME, o -> new LayerNorm());
    kind("relu", o -> new Activation(Kind.Function.RELU));
    kind("gelu", o -> new Activation(Kind.Function.GELU));
    kind("tanh", o -> new Activation(Kind.Function.TANH));
    kind("sigmoid", o -> new Activation(Kind.Function.SIGMOID));
    kind(Pool2d.MAX, o -> new Pool2d(Pool.MAX, o.size("kernel", Pool2d.LARGEST_KERNEL)), "kernel");
    kind(
        Pool2d.AVERAGE,
        o -> new Pool2d(Pool.AVERAGE, o.size("kernel", Pool2d.LARGEST_KERNEL)),
        "kernel");
    kind(GlobalAveragePool.NAME, o -> new GlobalAveragePool());
    kind(Dropout.NAME, o -> new Dropout(o.probability("p")), "p");
    kind(Flatten.NAME, o -> new Flatten());
    kind(
        Residual.NAME,
        o -> new Residual(o.layers("body"), o.layersIfAny("shortcut")),
        "body",
        "shortcut");
  }

  private LayerKinds() {}

  private static void kind(String name, Function<LayerOptions, Layer> make, String... options) {
    KINDS.put(name, new Entry(List.of(options), make));
  }

  private static Layer conv2d(LayerOptions o) {
    int[] kernel = o.heightAndWidth("kernel");
    return new Conv2d(
        o.count("channels"),
        kernel[0],
        kernel[1],
        o.small("stride", 1, 1),
        o.small("padding", 0, 0),
        o.flag("bias", true));
  }

  /**
   * Reads a list of layers; {@code what} names it in messages. Throws {@code BadData} with file and
   * line.
   */
  public static List<Layer> readAll(YamlNode list, String what) {
    List<Layer> layers = new ArrayList<>();
    for (YamlNode item : list.items(what)) {
      layers.add(read(item));
    }
    return layers;
  }

  private static Layer read(YamlNode item) {
    if (!item.isMapping()) {
      return make(item.text("a layer"), item, Map.of());
    }
    Map<String, YamlNode> entries = item.entries("a layer");
    if (entries.size() != 1) {
      throw item.bad(
          "a layer is written as `- name` or `- name: {option: value}`, this has the keys "
              + entries.keySet());
    }
    String name = entries.keySet().iterator().next();
    YamlNode options = entries.get(name);
    known(name, item);
    return make(
        name, item, options.isNothing() ? Map.of() : options.entries("the options of " + name));
  }

  private static Layer make(String name, YamlNode node, Map<String, YamlNode> entries) {
    Entry kind = known(name, node);
    return kind.make.apply(LayerOptions.of(name, node, entries, kind.options));
  }

  private static Entry known(String name, YamlNode node) {
    Entry kind = KINDS.get(name);
    if (kind == null) {
      throw node.bad(
          "unknown layer "
              + name
              + "; did you mean "
              + GradsieveException.nearest(name, KINDS.keySet())
              + "?");
    }
    return kind;
  }
}
