package io.gradsieve.data;

import java.util.List;
import java.util.Locale;

/** What {@code --split} may name. */
public enum PartName {
  TRAIN,
  /** What a run held out of its own training part. */
  VALIDATION,
  TEST,
  ALL;

  /** Those that a data set has by itself. */
  public static final List<PartName> OF_DATA = List.of(TRAIN, TEST, ALL);

  /** As options spell it. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
