package io.gradsieve.config;

import java.util.Locale;

/** The ways in which {@code prune} chooses. */
public enum PruningPolicyName {
  TRUSTED,
  COVERAGE,
  TOP,
  RANDOM;

  /** As options spell it. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
