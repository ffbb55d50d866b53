package io.gradsieve.data.reader;

import io.gradsieve.format.rules.Normalization;
import java.util.regex.Pattern;

/** What a column of numbers amounts to. Mean and deviation by Welford (1962), in double. */
final class NumberFigures {
  /** Numbers that differ by less than so many units in the last place differ by rounding alone. */
  private static final int ROUNDING = 8;

  /** So few rows are counted up by chance. */
  private static final int FEWEST_COUNTED = 10;

  /** How programs and people call the column that names the rows. */
  private static final Pattern KEY =
      Pattern.compile(
          "(?i:unnamed: ?\\d+|level_0|index|idx|row|rownames|nr\\.?|no\\.?|#"
              + "|(.*[ _.-])?(id|uid|uuid|key|row[ _]?(id|nr|no)))|.*\\p{Ll}I[dD]");

  private long count;
  private double mean;
  private double squares;
  private double least = Double.POSITIVE_INFINITY;
  private double largest = Double.NEGATIVE_INFINITY;
  private boolean whole = true;
  private boolean counting = true;
  private double last;

  void add(double value) {
    counting &= count == 0 || value == last + 1;
    whole &= value == Math.rint(value);
    last = value;
    least = Math.min(least, value);
    largest = Math.max(largest, value);
    count++;
    double before = value - mean;
    mean += before / count;
    squares += before * (value - mean);
  }

  long count() {
    return count;
  }

  double mean() {
    return mean;
  }

  /** Of the population; {@link Normalization#NEVER_VARIED} if all values are equal. */
  double deviation() {
    double deviation = Math.sqrt(squares / count);
    return isConstant() || deviation == 0 ? Normalization.NEVER_VARIED : deviation;
  }

  /** Whether mean and deviation can be used. */
  boolean areFinite() {
    return Double.isFinite(mean) && Double.isFinite(squares);
  }

  /** Whether all values are the same but for rounding. */
  boolean isConstant() {
    double size = Math.max(Math.abs(least), Math.abs(largest));
    return largest - least <= ROUNDING * Math.ulp(size);
  }

  /**
   * Whether the values look like names of the rows: whole numbers that count up by one from row to
   * row, or that go with a name such as {@code id} and may all differ.
   */
  boolean areKeys(String name) {
    return whole
        && count >= FEWEST_COUNTED
        && (counting || (KEY.matcher(name).matches() && largest - least >= count - 1));
  }
}
