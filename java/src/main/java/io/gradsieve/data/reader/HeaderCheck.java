package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import io.gradsieve.format.csv.MissingValue;
import io.gradsieve.format.csv.Numbers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether the first line of a table names its columns, or is a row like the others. It is a row
 * where every column of numbers has a number there too, unless those numbers go up or down as names
 * do (0, 1, 2; years; wavelengths), or where there are only texts and each is a value of its
 * column.
 */
final class HeaderCheck {
  /** Five measured values are in order by chance once in 60 tables. */
  private static final int FEWEST_ORDERED = 5;

  private final List<Double> numbers = new ArrayList<>();
  private int texts;
  private int repeated;

  private HeaderCheck() {}

  /** Throws if the names are a row's; an option that found its column proves that they are not. */
  static void refuseRow(
      String file,
      List<String> header,
      ColumnRoles roles,
      Map<Integer, ColumnSurvey> inputs,
      Optional<LabelSurvey> labels) {
    if (!roles.named() && new HeaderCheck().isRow(header, roles, inputs, labels)) {
      throw new BadData(
          file
              + ": its first line ("
              + ByteSource.oneLine(String.join(",", header))
              + ") looks like a row; the first line must name the columns: put a line of names"
              + " before it");
    }
  }

  private boolean isRow(
      List<String> header,
      ColumnRoles roles,
      Map<Integer, ColumnSurvey> inputs,
      Optional<LabelSurvey> labels) {
    for (int c = 0; c < header.size(); c++) {
      String name = header.get(c);
      boolean ofNumbers =
          inputs.containsKey(c)
              ? inputs.get(c).isNumbers()
              : c == roles.label() && labels.isPresent() && labels.get().isNumbers();
      if (ofNumbers && !Numbers.isNumber(name) && !MissingValue.is(name)) {
        return false;
      }
      if (inputs.containsKey(c) && ofNumbers) {
        addNumber(name);
      } else if (inputs.containsKey(c)) {
        addText(inputs.get(c).has(name));
      } else if (c == roles.label() && labels.isPresent()) {
        addText(labels.get().has(name));
      }
    }
    return numbers.isEmpty()
        ? texts > 1 && repeated == texts
        : !countUp() && (repeated > 0 || !inOrder());
  }

  private void addNumber(String name) {
    if (Numbers.isNumber(name)) {
      numbers.add(Double.parseDouble(name));
    }
  }

  private void addText(boolean isValue) {
    texts++;
    repeated += isValue ? 1 : 0;
  }

  /** 0, 1, 2 as pandas names columns, or years; a single 0 as well. */
  private boolean countUp() {
    for (int i = 0; i < numbers.size(); i++) {
      if (numbers.get(i) != numbers.get(0) + i) {
        return false;
      }
    }
    return numbers.get(0) == Math.rint(numbers.get(0))
        && (numbers.size() > 1 || numbers.get(0) == 0);
  }

  /** Years, however few, or enough numbers that go only up or only down. */
  private boolean inOrder() {
    int up = 0;
    int down = 0;
    boolean years = true;
    for (int i = 0; i < numbers.size(); i++) {
      double number = numbers.get(i);
      years &= number == Math.rint(number) && number >= 1900 && number <= 2100;
      if (i > 0) {
        up += number > numbers.get(i - 1) ? 1 : 0;
        down += number < numbers.get(i - 1) ? 1 : 0;
      }
    }
    int steps = numbers.size() - 1;
    boolean ordered = up == steps || down == steps;
    return ordered && (years || numbers.size() >= FEWEST_ORDERED);
  }
}
