package io.gradsieve.backend;

import java.util.Locale;

/**
 * How a GPU multiplies: floats as they are, or rounded to 10 bits before products on tensor cores
 * (sums stay floats).
 */
public enum Precision {
  FP32,
  TF32;

  /** As options spell it. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
