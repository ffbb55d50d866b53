package io.gradsieve.format.csv;

import java.util.Set;

/** What programs write in a cell whose value is missing: an empty cell and the usual spellings. */
public final class MissingValue {
  /**
   * Those that pandas reads as missing, a question mark as in UCI's tables, and errors of a
   * spreadsheet's formulas. Case counts: {@code Na} is sodium.
   */
  private static final Set<String> SPELLINGS =
      Set.of(
          "",
          "?",
          "nan",
          "NaN",
          "NAN",
          "-nan",
          "-NaN",
          "NA",
          "N/A",
          "n/a",
          "<NA>",
          "#N/A",
          "#NA",
          "#N/A N/A",
          "null",
          "Null",
          "NULL",
          "None",
          "NaT",
          "1.#IND",
          "-1.#IND",
          "1.#QNAN",
          "-1.#QNAN",
          "#DIV/0!",
          "#VALUE!",
          "#REF!",
          "#NAME?",
          "#NUM!",
          "#NULL!");

  private MissingValue() {}

  /** Whether a cell, without spaces around, says that there is no value. */
  public static boolean is(String cell) {
    return SPELLINGS.contains(cell);
  }
}
