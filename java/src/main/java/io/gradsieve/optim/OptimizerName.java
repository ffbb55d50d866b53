package io.gradsieve.optim;

import java.util.Locale;

/** The optimizers there are. To add one: a constant here, its rule in {@link OptimizerConfig}. */
public enum OptimizerName {
  SGD,
  ADAMW,
  LARS,
  LAMB;

  /** As options spell it. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
