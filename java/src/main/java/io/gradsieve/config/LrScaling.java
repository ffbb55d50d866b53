package io.gradsieve.config;

import java.util.Locale;

/** How the learning rate follows the batch. */
public enum LrScaling {
  NONE,
  /** In proportion. */
  LINEAR,
  /** With its square root. */
  SQRT;

  /**
   * What the rate is multiplied by; {@code batches}: how often the usual one fits into the batch.
   */
  public double factor(double batches) {
    return switch (this) {
      case NONE -> 1;
      case LINEAR -> batches;
      case SQRT -> Math.sqrt(batches);
    };
  }

  /** As options spell it. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
