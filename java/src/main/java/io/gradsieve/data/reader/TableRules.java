package io.gradsieve.data.reader;

import io.gradsieve.format.rules.Column;
import java.util.List;

/**
 * How the rows of a CSV file become samples: a model's rules, or those made from the file.
 *
 * @param columns in the model's order; an input makes {@link Column#features} features
 * @param mean of each feature, [D]; 0 for those of a category
 * @param deviation of each feature, [D], positive; 1 for those of a category
 * @param classes class names, sorted
 * @param rows of the file
 * @param remarks what there is to tell of the file
 */
record TableRules(
    List<Column> columns,
    List<Double> mean,
    List<Double> deviation,
    List<String> classes,
    long rows,
    List<String> remarks) {
  /** D. */
  int features() {
    return mean.size();
  }
}
