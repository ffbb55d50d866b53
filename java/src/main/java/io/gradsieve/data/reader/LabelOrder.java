package io.gradsieve.data.reader;

import io.gradsieve.format.csv.Numbers;
import java.util.Comparator;

/**
 * The order of class names: numbers first, by value, then texts by code unit; equal only if the
 * text is.
 */
final class LabelOrder {
  static final Comparator<String> BY_VALUE =
      Comparator.<String>comparingDouble(LabelOrder::value)
          .thenComparing(Comparator.naturalOrder());

  private LabelOrder() {}

  private static double value(String name) {
    return Numbers.isNumber(name) ? Double.parseDouble(name) : Double.NaN;
  }
}
