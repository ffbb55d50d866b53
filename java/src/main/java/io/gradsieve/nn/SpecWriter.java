package io.gradsieve.nn;

import io.gradsieve.format.rules.Column;
import io.gradsieve.format.yaml.YamlText;
import io.gradsieve.nn.layer.Layer;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Specs to model files, whose keys {@link SpecReader} lists; the same spec gives the same bytes.
 */
final class SpecWriter {
  private static final String STEP = "  ";

  private final StringBuilder out = new StringBuilder();

  private SpecWriter() {}

  static String write(NetworkSpec spec) {
    SpecWriter writer = new SpecWriter();
    writer.out.append("input: ").append(spec.input()).append('\n');
    spec.normalize()
        .ifPresent(
            n ->
                writer.out.append(
                    "normalize: {mean: %s, deviation: %s}\n"
                        .formatted(numbers(n.mean()), numbers(n.deviation()))));
    if (!spec.classes().isEmpty()) {
      writer.out.append("classes: ").append(texts(spec.classes())).append('\n');
    }
    if (!spec.columns().isEmpty()) {
      writer.out.append("columns:\n");
      spec.columns().forEach(writer::column);
    }
    writer.out.append("layers:\n");
    writer.layers(spec.layers(), STEP);
    return writer.out.toString();
  }

  /** Without a sign in the exponent 1.0E30 is a text to PyYAML. */
  private static List<String> numbers(List<Double> values) {
    return values.stream().map(v -> v.toString().replaceFirst("E(?=\\d)", "E+")).toList();
  }

  private void column(Column column) {
    out.append("  - {name: ")
        .append(YamlText.quoted(column.name()))
        .append(", role: ")
        .append(column.role().text());
    if (!column.categories().isEmpty()) {
      out.append(", categories: ").append(texts(column.categories()));
    }
    out.append("}\n");
  }

  private void layers(List<Layer> layers, String indent) {
    for (Layer layer : layers) {
      out.append(indent).append("- ").append(layer.kind());
      Map<String, Object> options = layer.options();
      if (options.values().stream().anyMatch(SpecWriter::isLayers)) {
        out.append(":\n");
        nested(options, indent + STEP + STEP);
      } else if (options.isEmpty()) {
        out.append('\n');
      } else {
        String written =
            options.entrySet().stream()
                .map(e -> e.getKey() + ": " + e.getValue())
                .collect(Collectors.joining(", "));
        out.append(": {").append(written).append("}\n");
      }
    }
  }

  private void nested(Map<String, Object> options, String indent) {
    options.forEach(
        (name, value) -> {
          out.append(indent).append(name).append(":\n");
          layers(((List<?>) value).stream().map(Layer.class::cast).toList(), indent + STEP);
        });
  }

  private static boolean isLayers(Object value) {
    return value instanceof List<?> list && list.stream().anyMatch(Layer.class::isInstance);
  }

  private static String texts(List<String> texts) {
    return texts.stream().map(YamlText::quoted).collect(Collectors.joining(", ", "[", "]"));
  }
}
