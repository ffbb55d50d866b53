package io.gradsieve.format.csv;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What can be said of a CSV file by its first line alone. */
final class CsvHeader {
  /** What other programs put between cells, and how pandas is told. */
  private static final Map<Character, String> SEPARATORS =
      Map.of(';', "sep=';', decimal=','", '\t', "sep='\\t'", '|', "sep='|'");

  private CsvHeader() {}

  /** Throws unless the names, without spaces around, differ and are names. */
  static void check(String file, List<String> header) {
    if (header.get(0).matches("(?i)sep=.?")) {
      throw new BadData(
          file
              + ": its first line tells Excel the separator; remove it, the next names the columns");
    }
    SEPARATORS.forEach((separator, how) -> refuseSeparator(file, header, separator, how));
    Set<String> seen = new HashSet<>();
    boolean numbers = true;
    boolean counted = true;
    for (int i = 0; i < header.size(); i++) {
      String column = header.get(i);
      if (column.isEmpty()) {
        throw noName(file, i, header.size());
      }
      if (!seen.add(column)) {
        throw new BadData(
            Numbers.isNumber(column)
                ? isRow(file)
                : file
                    + ": has two columns named '"
                    + ByteSource.oneLine(column)
                    + "'; the first line must name the columns, each differently");
      }
      numbers &= Numbers.isNumber(column);
      counted &= column.equals(Integer.toString(i));
    }
    if (numbers && !counted) {
      throw new BadData(isRow(file));
    }
  }

  private static String isRow(String file) {
    return file + ": its first line holds numbers; the first line must name the columns";
  }

  private static void refuseSeparator(
      String file, List<String> header, char separator, String how) {
    long found = String.join("", header).chars().filter(c -> c == separator).count();
    if (found >= header.size()) {
      throw new BadData(
          file
              + ": its separator is "
              + (separator == '\t' ? "the tab" : "'" + separator + "'")
              + ", a comma is needed, and a point before decimals; convert it, for instance with"
              + " pandas.read_csv(file, "
              + how
              + ").to_csv(new, index=False)");
    }
  }

  private static BadData noName(String file, int column, int columns) {
    String advice =
        column == columns - 1 && column > 0
            ? ", the last, has no name; name it, or if the lines end in a comma, remove that comma"
            : " has no name"
                + (column == 0 ? " (a pandas index? write with index=False)" : "")
                + "; name it";
    return new BadData(file + ": column " + (column + 1) + advice);
  }
}
