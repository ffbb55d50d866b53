package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DatasetBuilder;
import java.util.List;

/**
 * Checks labels that are class indices: whole, from 0, below the model's outputs or, without a
 * model, a limit.
 */
final class ClassIndices {
  private final int classes;
  private final String reason;

  ClassIndices(DataRequest request) {
    classes = request.classes().map(List::size).orElse(DatasetBuilder.MAX_CLASSES);
    reason =
        request.classes().isPresent()
            ? "the model has " + classes + " classes"
            : "at most " + classes + " classes are read";
  }

  /** The label as an index; the message names the file and the row, from 0. */
  int check(double label, String file, long row) {
    if (label >= 0 && label < classes && label == Math.rint(label)) {
      return (int) label;
    }
    String text = label == Math.rint(label) ? "%.0f".formatted(label) : Double.toString(label);
    String fault =
        label < 0
            ? "is negative; labels are class indices from 0"
            : label >= classes
                ? "is too large: " + reason + ", counted from 0"
                : "is no whole number; labels are class indices from 0";
    throw new BadData(file + ": row " + row + ": label " + text + " " + fault);
  }
}
