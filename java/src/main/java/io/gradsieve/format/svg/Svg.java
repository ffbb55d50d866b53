package io.gradsieve.format.svg;

import java.util.Locale;

/** A picture as SVG text (W3C, SVG 1.1), self-contained; lengths are pixels, y points down. */
public final class Svg {
  private static final String FONT = "system-ui, sans-serif";

  private final StringBuilder text = new StringBuilder();

  /** Where a text's position is. */
  public enum Anchor {
    START,
    MIDDLE,
    END
  }

  public Svg(double width, double height, String title) {
    line(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%s\" height=\"%s\" viewBox=\"0 0 %s %s\" font-family=\"%s\" font-size=\"12\" fill=\"#222\">",
        number(width), number(height), number(width), number(height), FONT);
    line("<title>%s</title>", escaped(title));
    rectangle(0, 0, width, height, "#fff");
  }

  /** Without softened edges: those of neighbours would show as seams. */
  public void rectangle(double x, double y, double width, double height, String fill) {
    line(
        "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\" shape-rendering=\"crispEdges\"/>",
        number(x), number(y), number(width), number(height), fill);
  }

  public void frame(double x, double y, double width, double height) {
    line(
        "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"none\" stroke=\"#888\"/>",
        number(x), number(y), number(width), number(height));
  }

  /** A line through points x0, y0, x1, y1, … */
  public void path(double[] points, String colour, double width, String dashes) {
    StringBuilder list = new StringBuilder();
    for (int i = 0; i < points.length; i += 2) {
      list.append(i == 0 ? "" : " ").append(number(points[i])).append(',');
      list.append(number(points[i + 1]));
    }
    line(
        "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" stroke-dasharray=\"%s\"/>",
        list, colour, number(width), dashes);
  }

  public void text(double x, double y, Anchor anchor, String words) {
    line(
        "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>",
        number(x), number(y), anchor.name().toLowerCase(Locale.ROOT), escaped(words));
  }

  public void title(double x, double y, Anchor anchor, String words) {
    line(
        "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\" font-size=\"14\" font-weight=\"bold\">%s</text>",
        number(x), number(y), anchor.name().toLowerCase(Locale.ROOT), escaped(words));
  }

  /** Read from below. */
  public void uprightText(double x, double y, String words) {
    line(
        "<text transform=\"translate(%s %s) rotate(-90)\" text-anchor=\"middle\">%s</text>",
        number(x), number(y), escaped(words));
  }

  /** The whole; nothing is drawn afterwards. */
  public String end() {
    return text.append("</svg>\n").toString();
  }

  private void line(String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  /** Hundredths of a pixel. */
  private static String number(double value) {
    String fixed = String.format(Locale.ROOT, "%.2f", value);
    return fixed.replaceFirst("\\.?0+$", "");
  }

  /** Control characters are not allowed in XML, even escaped. */
  private static String escaped(String words) {
    return words
        .replaceAll("[\\p{Cntrl}\\ufffe\\uffff]", " ")
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
