package io.gradsieve.nn;

import java.util.List;
import java.util.Locale;

/**
 * What a column of a table means to the network, fixed when training starts.
 *
 * @param categories the values in the order of their inputs; empty for other roles
 */
public record Column(String name, Role role, List<String> categories) {
  public Column {
    categories = List.copyOf(categories);
  }

  /** Roles of columns. */
  public enum Role {
    /** An input, standardised by {@link Normalize}. */
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
