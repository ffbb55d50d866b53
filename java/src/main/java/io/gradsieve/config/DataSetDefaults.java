package io.gradsieve.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Defaults of {@code train} tuned for each built-in data set; the one place for them. To add a set:
 * a line in the table.
 */
public final class DataSetDefaults {
  private static final Map<String, Map<Option<?>, String>> TABLE = table();

  private DataSetDefaults() {}

  private static Map<String, Map<Option<?>, String>> table() {
    Map<String, Map<Option<?>, String>> table = new LinkedHashMap<>();
    table.put("digits", values("mlp", "20", "0.1"));
    table.put("fashion-mnist", values("cnn", "8", "0.05"));
    table.put("cifar10", values("resnet20", "30", "0.1"));
    return table;
  }

  private static Map<Option<?>, String> values(String model, String epochs, String rate) {
    return Map.of(Options.MODEL, model, Options.EPOCHS, epochs, Options.LR, rate);
  }

  /** The default's text that the data set has of its own. */
  public static Optional<String> of(String data, Option<?> option) {
    return Optional.ofNullable(TABLE.getOrDefault(data, Map.of()).get(option));
  }

  /**
   * Words for an option's tuned defaults, such as "; digits: 20, cifar10: 30"; empty if it has
   * none.
   */
  public static String words(Option<?> option) {
    StringBuilder words = new StringBuilder();
    TABLE.forEach(
        (data, values) -> {
          if (values.containsKey(option)) {
            words.append(words.isEmpty() ? "; " : ", ");
            words.append(data).append(": ").append(values.get(option));
          }
        });
    return words.toString();
  }
}
