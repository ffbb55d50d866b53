package io.gradsieve.format.csv;

/**
 * What counts as a number in a cell: decimal digits, one point, an exponent; not hexadecimal, not
 * 1f, no separators.
 */
public final class Numbers {
  private Numbers() {}

  /** Whether the text is a decimal number, finite or beyond what a double holds. */
  public static boolean isNumber(String text) {
    int n = text.length();
    int i = n > 0 && (text.charAt(0) == '-' || text.charAt(0) == '+') ? 1 : 0;
    int whole = digits(text, i);
    i += whole;
    int fraction = 0;
    if (i < n && text.charAt(i) == '.') {
      fraction = digits(text, i + 1);
      i += 1 + fraction;
    }
    if (whole + fraction == 0) {
      return false;
    }
    if (i < n && (text.charAt(i) == 'e' || text.charAt(i) == 'E')) {
      i++;
      if (i < n && (text.charAt(i) == '-' || text.charAt(i) == '+')) {
        i++;
      }
      int exponent = digits(text, i);
      if (exponent == 0) {
        return false;
      }
      i += exponent;
    }
    return i == n;
  }

  private static int digits(String text, int from) {
    int i = from;
    while (i < text.length() && text.charAt(i) >= '0' && text.charAt(i) <= '9') {
      i++;
    }
    return i - from;
  }

  /** Whether the text is one of the ways programs write a number that is not finite. */
  public static boolean isNotFinite(String text) {
    String bare = text.startsWith("-") || text.startsWith("+") ? text.substring(1) : text;
    return bare.equalsIgnoreCase("nan")
        || bare.equalsIgnoreCase("inf")
        || bare.equalsIgnoreCase("infinity");
  }
}
