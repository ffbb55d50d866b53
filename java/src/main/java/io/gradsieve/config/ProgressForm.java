package io.gradsieve.config;

import java.util.Locale;

/** How progress is shown. */
public enum ProgressForm {
  /** A bar on a terminal, else lines. */
  AUTO,
  BAR,
  LINES,
  NONE;

  /** As options spell it. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
