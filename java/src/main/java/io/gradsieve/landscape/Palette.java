package io.gradsieve.landscape;

/** Colours that stay apart in print and for the colour-blind. */
final class Palette {
  /** Steps of the map's colours: finer ones the eye does not tell apart. */
  static final int SHADES = 64;

  /** Of a point without a loss. */
  static final String NONE = "#bbbbbb";

  /** viridis (van der Walt and Smith 2015) at ninths, dark to light: red, green, blue. */
  private static final int[][] VIRIDIS = {
    {68, 1, 84}, {72, 40, 120}, {62, 73, 137}, {49, 104, 142}, {38, 130, 142},
    {31, 158, 137}, {53, 183, 121}, {110, 206, 88}, {181, 222, 43}, {253, 231, 37}
  };

  /** Okabe and Ito 2008. */
  private static final String[] LINES = {
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8a7f00"
  };

  private Palette() {}

  /** From the darkest at 0 to the lightest at 1. */
  static String shade(double position) {
    double rounded = Math.floor(Math.min(position, 0.999999) * SHADES) / (SHADES - 1);
    double at = rounded * (VIRIDIS.length - 1);
    int from = Math.min((int) at, VIRIDIS.length - 2);
    int[] rgb = new int[3];
    for (int c = 0; c < 3; c++) {
      double value = VIRIDIS[from][c] + (at - from) * (VIRIDIS[from + 1][c] - VIRIDIS[from][c]);
      rgb[c] = (int) Math.round(value);
    }
    return "#%02x%02x%02x".formatted(rgb[0], rgb[1], rgb[2]);
  }

  /** Of the i-th run's line. */
  static String line(int i) {
    return LINES[i % LINES.length];
  }

  /** Sets the second round of colours apart. */
  static String dashes(int i) {
    return i < LINES.length ? "none" : "6 3";
  }
}
