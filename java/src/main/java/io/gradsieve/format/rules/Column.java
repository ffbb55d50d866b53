package io.gradsieve.format.rules;

import java.util.List;
import java.util.Locale;

/**
 * What a column of a table means to the network, fixed when training starts.
 *
 * @param categories the values of a category in the order of their inputs, sorted; empty for other
 *     roles
 */
public record Column(String name, Role role, List<String> categories) {
  public Column {
    categories = List.copyOf(categories);
  }

  /** Input features that it makes. */
  public int features() {
    return switch (role) {
      case NUMBER -> 1;
      case CATEGORY -> categories.size();
      default -> 0;
    };
  }

  /** Roles of columns. */
  public enum Role {
    /** An input, standardised by {@link Normalization}. */
    NUMBER,
    /** As many inputs as categories, one of them 1. */
    CATEGORY,
    LABEL,
    ID,
    WEIGHT,
    IGNORE;

    /** Its name in model files. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
