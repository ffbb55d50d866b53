package io.gradsieve.nn;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Column.Role;
import io.gradsieve.format.rules.Normalization;
import io.gradsieve.format.yaml.YamlNode;
import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.LayerKinds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Model files to specs; strict: a key that is not known is an error with the nearest that is. */
final class SpecReader {
  private static final List<String> KEYS =
      List.of("input", "layers", "normalize", "classes", "columns");
  private static final List<String> NORMALIZE_KEYS = List.of("mean", "deviation");
  private static final List<String> COLUMN_KEYS = List.of("name", "role", "categories");

  private SpecReader() {}

  static NetworkSpec read(YamlNode root, String file) {
    Map<String, YamlNode> entries = known(root, "a model file", KEYS);
    List<Integer> input =
        needed(root, entries, "input").items("input").stream()
            .map(item -> item.integer("a size of input", 1, Integer.MAX_VALUE))
            .toList();
    List<Layer> layers = LayerKinds.readAll(needed(root, entries, "layers"), "layers");
    Optional<Normalization> normalize =
        Optional.ofNullable(entries.get("normalize")).map(SpecReader::normalize);
    Set<String> classes = new LinkedHashSet<>();
    if (entries.containsKey("classes")) {
      for (YamlNode item : entries.get("classes").items("classes")) {
        String name = item.text("a class");
        if (!classes.add(name)) {
          throw item.bad("class " + name + " is there twice; name each class differently");
        }
      }
    }
    List<Column> columns = new ArrayList<>();
    if (entries.containsKey("columns")) {
      entries.get("columns").items("columns").forEach(item -> columns.add(column(item)));
    }
    try {
      return new NetworkSpec(input, layers, normalize, List.copyOf(classes), columns);
    } catch (BadData e) {
      throw new BadData(file + ": " + e.getMessage(), e);
    }
  }

  private static Normalization normalize(YamlNode node) {
    Map<String, YamlNode> entries = known(node, "normalize", NORMALIZE_KEYS);
    List<Double> mean = numbers(needed(node, entries, "mean"), "mean");
    List<Double> deviation = numbers(needed(node, entries, "deviation"), "deviation");
    try {
      return new Normalization(mean, deviation);
    } catch (BadData e) {
      throw node.bad(e.getMessage());
    }
  }

  private static List<Double> numbers(YamlNode node, String what) {
    return node.items(what).stream().map(item -> item.number("a " + what)).toList();
  }

  private static Column column(YamlNode node) {
    Map<String, YamlNode> entries = known(node, "a column", COLUMN_KEYS);
    String name = needed(node, entries, "name").text("name");
    YamlNode written = needed(node, entries, "role");
    Role role = role(written);
    List<String> categories =
        entries.containsKey("categories")
            ? entries.get("categories").items("categories").stream()
                .map(item -> item.text("a category"))
                .toList()
            : List.of();
    if (role == Role.CATEGORY && categories.isEmpty()) {
      throw node.bad("column " + name + " is a category and needs categories");
    }
    return new Column(name, role, categories);
  }

  private static Role role(YamlNode written) {
    List<String> roles = Arrays.stream(Role.values()).map(Role::text).toList();
    int index = roles.indexOf(written.text("role"));
    if (index < 0) {
      String given = written.text("role");
      throw written.bad(
          "unknown role "
              + given
              + "; did you mean "
              + GradsieveException.nearest(given, roles)
              + "?");
    }
    return Role.values()[index];
  }

  private static Map<String, YamlNode> known(YamlNode node, String what, List<String> keys) {
    Map<String, YamlNode> entries = node.entries(what);
    entries.forEach(
        (key, value) -> {
          if (!keys.contains(key)) {
            throw value.bad(
                "unknown key "
                    + key
                    + " in "
                    + what
                    + "; did you mean "
                    + GradsieveException.nearest(key, keys)
                    + "?");
          }
        });
    return entries;
  }

  private static YamlNode needed(YamlNode node, Map<String, YamlNode> entries, String key) {
    YamlNode value = entries.get(key);
    if (value == null) {
      throw node.bad(key + " is missing");
    }
    return value;
  }
}
