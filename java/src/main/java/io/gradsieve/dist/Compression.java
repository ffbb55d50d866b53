package io.gradsieve.dist;

import java.util.Locale;

/** How gradients travel between hosts. */
public enum Compression {
  /** As they are. */
  NONE,
  /**
   * In half the bytes: a partial sum is rounded to bfloat16 where it is sent, and added to in
   * float32 where it comes.
   */
  BF16;

  /** As the option has it. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
