package io.gradsieve.format.csv;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * How a cell that is no number in the sense of {@link Numbers} writes a quantity all the same. The
 * first kind that matches counts; a column is judged by all its cells, never by one.
 */
public enum Spelling {
  DATE(
      "is a date or a time",
      "write a number instead, for instance days since a day",
      // 2024-01-31, 2024/1/31 10:30, 2024-01-31T10:30:00.5+02:00, 2024-01
      "[12]\\d{3}([-/.])[01]?\\d\\1[0-3]?\\d([T ]+" + Parts.TIME + ")?|[12]\\d{3}-[01]\\d",
      // 31.01.2024, 1/31/24 10:30 PM
      "[0-3]?\\d([-/.])[0-3]?\\d\\1[12]\\d{3}([T ]+" + Parts.TIME + ")?",
      "[0-3]?\\d/[0-3]?\\d/\\d{2}([T ]+" + Parts.TIME + ")?",
      // 31 Jan 2024, 31-Jan-24, Jan 31, 2024, January 2024, with a weekday before
      "(\\p{L}{2,9}\\.?,? +)?[0-3]?\\d(st|nd|rd|th)?[-. ]+"
          + Parts.MONTH
          + "([-., ]+\\d{2,4})?([T ]+"
          + Parts.TIME
          + ")?",
      "(\\p{L}{2,9}\\.?,? +)?"
          + Parts.MONTH
          + "[-. ]+([0-3]?\\d(st|nd|rd|th)?,? +)?\\d{2,4}([T ]+"
          + Parts.TIME
          + ")?",
      // 3 days 04:05:06, as pandas writes a difference of times
      "-?\\d+ days?,? [+]?" + Parts.TIME,
      Parts.TIME),
  PERCENT(
      "has a percent sign", "write the number without it, in every row", Parts.ANY + "\\s*[%‰]"),
  AMOUNT(
      "is an amount of money",
      "write the number alone, in one currency",
      "[-+−(]?\\s*" + Parts.CURRENCY + "\\s*[-+−]?" + Parts.ANY + "\\s*([kKmMbB]n?)?\\)?",
      "\\(?" + Parts.ANY + "\\s*([kKmMbB]n?)?\\s*" + Parts.CURRENCY + "\\)?",
      "\\(\\s*" + Parts.ANY + "\\s*\\)"),
  DECIMAL_COMMA(
      "has a decimal comma",
      "write a point (pandas.read_csv reads such columns with decimal=',')",
      "[-+−]?(0|\\d*[1-9]\\d{3,}|\\d{1,3}(\\.\\d{3})+)?,\\d+([eE][-+]?\\d+)?",
      "[-+−]?\\d+,(\\d{1,2}|\\d{4,})([eE][-+]?\\d+)?"),
  THOUSANDS(
      "has a thousands separator (or is it a decimal comma?)",
      "write the digits without it, with a point before decimals (pandas.read_csv reads such"
          + " columns with thousands=',')",
      Parts.GROUPED),
  OTHER_DIGITS(
      "is written with other digits or signs than 0-9 and -",
      "write it with those",
      "[-+−–]?[\\p{Nd}]+([.,٫][\\p{Nd}]+)?",
      "[-+]?0[xX][0-9a-fA-F]+"),
  UNIT(
      "has a unit or a sign",
      "write the number alone, in one unit",
      Parts.ANY + "\\s*(\\p{L}{1,9}|[°µ]\\p{L}{1,4}|['\"′″])([/·]\\p{L}{1,5})?[²³23.]?",
      "\\d+\\s*\\p{L}{1,7}\\.?(,?\\s+\\d+\\s*\\p{L}{1,7}\\.?){1,2}",
      "\\d+['′]\\s?\\d+[\"″]?",
      "([~≈<>≤≥]=?|(?i:ca|approx|about|kg|g|mg|km|m|cm|mm|lbs?)\\.?)\\s*" + Parts.ANY);

  /** Pieces of the patterns. */
  private static final class Parts {
    static final String TIME =
        "[0-2]?\\d:[0-5]\\d(:[0-5]\\d([.,]\\d+)?)?(\\s*[aApP]\\.?[mM]\\.?)?(\\s*(Z|UTC|GMT|[-+][01]\\d:?\\d{2}))?";
    static final String MONTH =
        "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|august|september|october|november|december)";
    static final String CURRENCY =
        "(?:[A-Z]{0,3}[$€£¥₹₽₩₺₪₫฿¢]|USD|EUR|GBP|JPY|CHF|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|ZAR|KRW|Rs\\.?|kr\\.?|zł|Fr\\.|Kč|Ft)";

    /** 1,037.5 and 1 037 and 1'037; 1.234.567 and 1.234,56 ; 1,00,000. */
    static final String GROUPED =
        "[-+−]?(?:\\d{1,3}(?:(?:,\\d{3})+|(?:['’]\\d{3})+|(?:[ \\u00a0\\u202f\\u2009]\\d{3})+|(?:_\\d{3})+)(?:[.,]\\d+)?"
            + "|\\d{1,3}(?:\\.\\d{3}){2,}(?:,\\d+)?|\\d{1,2}(?:,\\d{2})+,\\d{3}(?:\\.\\d+)?)";

    static final String ANY = "(?:" + GROUPED + "|[-+−]?\\d*[.,]?\\d+(?:[eE][-+]?\\d+)?)";

    private Parts() {}
  }

  /** Longer cells are sentences. */
  private static final int MOST_CHARACTERS = 60;

  private final String what;
  private final String advice;
  private final List<Pattern> patterns;

  Spelling(String what, String advice, String... patterns) {
    this.what = what;
    this.advice = advice;
    this.patterns = Stream.of(patterns).map(Pattern::compile).toList();
  }

  /** The kind of a cell that is no plain number, without spaces around; empty for other texts. */
  public static Optional<Spelling> of(String cell) {
    if (cell.isEmpty() || cell.length() > MOST_CHARACTERS || Numbers.isNumber(cell)) {
      return Optional.empty();
    }
    for (Spelling spelling : values()) {
      if (spelling.patterns.stream().anyMatch(p -> p.matcher(cell).matches())) {
        return Optional.of(spelling);
      }
    }
    return Optional.empty();
  }

  /** What there is to a cell, for instance {@code has a percent sign}. */
  public String what() {
    return what;
  }

  /** What to do about the column. */
  public String advice() {
    return advice;
  }
}
