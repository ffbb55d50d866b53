package io.gradsieve.format.yaml;

import java.util.Locale;
import org.yaml.snakeyaml.reader.StreamReader;

/** Texts as scalars of a YAML file. */
public final class YamlText {
  private YamlText() {}

  /**
   * In double quotes, whatever the text looks like. Escaped is what a reader refuses or takes for
   * something else: control characters, halves of a pair, a byte order mark, and YAML's own line
   * breaks U+0085, U+2028 and U+2029, which it would fold into a space.
   */
  public static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                quoted.append('\\').appendCodePoint(c);
              } else if (isPlain(c)) {
                quoted.appendCodePoint(c);
              } else {
                quoted.append(String.format(Locale.ROOT, "\\u%04x", c));
              }
            });
    return quoted.append('"').toString();
  }

  private static boolean isPlain(int c) {
    return c >= ' '
        && c != 0x85
        && c != 0x2028
        && c != 0x2029
        && c != 0xfeff
        && StreamReader.isPrintable(c);
  }
}
