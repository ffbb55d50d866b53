package io.gradsieve.data;

import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Normalization;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The rules by which a file becomes numbers, fixed when training starts and stored in {@code
 * model.yaml} under {@code normalize}, {@code classes} and {@code columns}.
 *
 * @param normalize one a channel, or a feature of a table; empty for float32, which is used as it
 *     is
 * @param classes class names, K of them; none: the data's own, for rules that know of no class
 * @param columns columns of a CSV file in its order; empty for all other data
 */
public record Schema(
    Optional<Normalization> normalize, List<String> classes, List<Column> columns) {
  public Schema {
    classes = List.copyOf(classes);
    columns = List.copyOf(columns);
  }

  /** The rules of a model file that states none: float32 as it is, class k is named {@code k}. */
  public static Schema plain(int classes) {
    return new Schema(Optional.empty(), indexNames(classes), List.of());
  }

  /** Names "0" to "K-1". */
  static List<String> indexNames(int classes) {
    return IntStream.range(0, classes).mapToObj(Integer::toString).toList();
  }
}
