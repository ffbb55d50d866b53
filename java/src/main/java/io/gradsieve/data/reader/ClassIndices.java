package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DatasetBuilder;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * Checks labels that are class indices: whole, from 0, below the model's outputs or, without a
 * model, a limit.
 */
final class ClassIndices {
  /** Up to so many classes nobody is asked whether they are. */
  private static final int FEW_CLASSES = 20;

  private final int classes;
  private final String reason;
  private final boolean own;
  private final BitSet seen = new BitSet();
  private int rows;

  ClassIndices(DataRequest request) {
    own = request.classes().isEmpty();
    classes = request.classes().map(List::size).orElse(DatasetBuilder.MAX_CLASSES);
    reason =
        request.classes().isPresent()
            ? "the model has " + classes + " classes"
            : "at most " + classes + " classes are read";
  }

  /** The label as an index; the message names the file and the row, from 0. */
  int check(double label, String file, long row) {
    if (label >= 0 && label < classes && label == Math.rint(label)) {
      rows++;
      seen.set((int) label);
      return (int) label;
    }
    String text = label == Math.rint(label) ? "%.0f".formatted(label) : Double.toString(label);
    String fault =
        label < 0
            ? "is negative; labels are class indices from 0: numpy.unique(y, return_inverse=True)[1]"
            : label >= classes
                ? "is too large: " + reason + ", counted from 0"
                : "is no whole number; labels are class indices from 0, and only classes can be"
                    + " learned, no quantities";
    throw new BadData(file + ": row " + row + ": label " + text + " " + fault);
  }

  /**
   * What to tell of labels that make the classes and may not be meant so: from 1 on, with wide gaps
   * as quantities have, or hardly two alike.
   */
  Optional<String> remark(String file) {
    int different = seen.cardinality();
    int outputs = seen.length();
    String found = "warning: " + file + ": has " + different + " different labels ";
    if (!own || rows == 0) {
      return Optional.empty();
    }
    if (different > FEW_CLASSES && 2L * different > rows) {
      return Optional.of(
          found + "in " + rows + " rows; only classes can be learned, no quantities or names");
    }
    if (2 * different < outputs) {
      return Optional.of(
          found
              + "up to "
              + (outputs - 1)
              + ", so most of the "
              + outputs
              + " classes have no sample; number them with numpy.unique(y, return_inverse=True)[1]");
    }
    return seen.nextSetBit(0) == 1
        ? Optional.of(
            found + "from 1 to " + (outputs - 1) + ", but classes count from 0; save y - 1")
        : Optional.empty();
  }
}
