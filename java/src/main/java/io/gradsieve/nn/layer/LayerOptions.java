package io.gradsieve.nn.layer;

import io.gradsieve.GradsieveException;
import io.gradsieve.format.yaml.YamlNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The options of one layer in a model file, read strictly: each getter names layer, option and line
 * if a value is wrong.
 */
final class LayerOptions {
  /** Largest count of channels, features or groups. */
  static final int LARGEST_WIDTH = 1 << 20;

  /** Largest kernel, stride or padding. */
  static final int LARGEST_KERNEL = 1024;

  private final String kind;
  private final YamlNode node;
  private final Map<String, YamlNode> entries;

  private LayerOptions(String kind, YamlNode node, Map<String, YamlNode> entries) {
    this.kind = kind;
    this.node = node;
    this.entries = entries;
  }

  /** Options with none but the known names; {@code node} may be the bare name of the layer. */
  static LayerOptions of(
      String kind, YamlNode node, Map<String, YamlNode> entries, List<String> known) {
    for (Map.Entry<String, YamlNode> entry : entries.entrySet()) {
      if (!known.contains(entry.getKey())) {
        String instead =
            known.isEmpty()
                ? "it has none"
                : "did you mean " + GradsieveException.nearest(entry.getKey(), known) + "?";
        throw entry.getValue().bad(kind + " has no option " + entry.getKey() + "; " + instead);
      }
    }
    return new LayerOptions(kind, node, new LinkedHashMap<>(entries));
  }

  /** A count that must be given. */
  int count(String option) {
    return needed(option).integer(name(option), 1, LARGEST_WIDTH);
  }

  /** A small whole number from {@code least}, else the default. */
  int small(String option, int least, int otherwise) {
    YamlNode value = entries.get(option);
    return value == null ? otherwise : value.integer(name(option), least, LARGEST_KERNEL);
  }

  /** A small positive number that must be given. */
  int size(String option, int most) {
    return needed(option).integer(name(option), 1, most);
  }

  /** One number, or a list of height and width. */
  int[] heightAndWidth(String option) {
    YamlNode value = needed(option);
    if (!value.isSequence()) {
      int size = value.integer(name(option), 1, LARGEST_KERNEL);
      return new int[] {size, size};
    }
    List<YamlNode> items = value.items(name(option));
    if (items.size() != 2) {
      throw value.bad(
          name(option) + " must be one number or [height, width], has " + items.size() + " values");
    }
    return items.stream().mapToInt(item -> item.integer(name(option), 1, LARGEST_KERNEL)).toArray();
  }

  boolean flag(String option, boolean otherwise) {
    YamlNode value = entries.get(option);
    return value == null ? otherwise : value.flag(name(option));
  }

  /** A probability in [0,1) that must be given. */
  double probability(String option) {
    YamlNode value = needed(option);
    double p = value.number(name(option));
    if (p < 0 || p >= 1) {
      throw value.bad(name(option) + " must be at least 0 and below 1, is " + p);
    }
    return p;
  }

  /** A list of layers that must be given. */
  List<Layer> layers(String option) {
    YamlNode value = needed(option);
    List<Layer> layers = LayerKinds.readAll(value, name(option));
    if (layers.isEmpty()) {
      throw value.bad(name(option) + " has no layers");
    }
    return layers;
  }

  /** A list of layers, empty if not given. */
  List<Layer> layersIfAny(String option) {
    YamlNode value = entries.get(option);
    return value == null ? List.of() : LayerKinds.readAll(value, name(option));
  }

  private YamlNode needed(String option) {
    YamlNode value = entries.get(option);
    if (value == null) {
      throw node.bad(kind + " needs the option " + option);
    }
    return value;
  }

  private String name(String option) {
    return kind + "'s " + option;
  }
}
