package io.gradsieve.config;

import java.util.Locale;

/** What a class weighs in the loss. */
public enum ClassWeights {
  /** As often as it is there. */
  NONE,
  /** Every class the same. */
  BALANCED;

  /** As options spell it. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
