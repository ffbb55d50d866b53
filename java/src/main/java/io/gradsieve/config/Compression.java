package io.gradsieve.config;

import java.util.Locale;

/** How gradients travel between workers. */
public enum Compression {
  /** As float32. */
  NONE,
  /** Rounded to bfloat16: half the bytes. */
  BF16;

  /** As options spell it. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
