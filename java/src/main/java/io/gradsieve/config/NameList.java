package io.gradsieve.config;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Names between commas: {@code a,b}. One that has a comma, a quote or blanks at its ends stands in
 * double quotes, in which a quote is written twice, as in CSV: {@code "price, net",b}.
 */
final class NameList {
  private static final Pattern NAME =
      Pattern.compile("\\G\\s*(?:\"((?:[^\"]|\"\")*)\"|([^,\"][^,]*?))\\s*(,|\\z)");

  private NameList() {}

  /** Throws {@link IllegalArgumentException} for an empty name or an open quote. */
  static List<String> parse(String text) {
    List<String> names = new ArrayList<>();
    Matcher matcher = NAME.matcher(text);
    boolean more = true;
    while (more) {
      if (!matcher.find()) {
        throw new IllegalArgumentException();
      }
      String quoted = matcher.group(1);
      String name = quoted == null ? matcher.group(2) : quoted.replace("\"\"", "\"");
      if (name.isEmpty()) {
        throw new IllegalArgumentException();
      }
      names.add(name);
      more = !matcher.group(3).isEmpty();
    }
    return names;
  }

  /** The text that {@link #parse} takes for these names. */
  static String print(List<String> names) {
    return names.stream().map(NameList::quoted).collect(Collectors.joining(","));
  }

  private static String quoted(String name) {
    boolean plain = !name.isEmpty() && name.equals(name.strip()) && name.matches("[^,\"]+");
    return plain ? name : "\"" + name.replace("\"", "\"\"") + "\"";
  }
}
