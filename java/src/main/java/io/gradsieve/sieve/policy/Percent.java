package io.gradsieve.sieve.policy;

import java.math.BigDecimal;
import java.math.MathContext;

/** Shares as a reader wants them: {@code 0.5} is {@code 50 %}. */
final class Percent {
  private Percent() {}

  static String of(double share) {
    BigDecimal percent = BigDecimal.valueOf(share).movePointRight(2).round(new MathContext(6));
    return percent.stripTrailingZeros().toPlainString() + " %";
  }
}
