package io.gradsieve.run;

import io.gradsieve.data.Dataset;
import io.gradsieve.sieve.SampleNames;

/**
 * What a data set says of the rows of a score table.
 *
 * @param positions of the rows in the data set
 * @param part of the data set each position from 0 on is in, by {@link Dataset#test}
 */
public record DatasetNames(Dataset dataset, int[] positions) implements SampleNames {
  @Override
  public String id(int row) {
    return dataset.id(positions[row]);
  }

  @Override
  public long index(int row) {
    return dataset.index(positions[row]);
  }

  @Override
  public String label(int row) {
    return dataset.classes().get(dataset.label(positions[row]));
  }

  @Override
  public String className(int k) {
    return dataset.classes().get(k);
  }

  @Override
  public String split(int row) {
    return java.util.Arrays.binarySearch(dataset.test(), positions[row]) >= 0 ? "test" : "train";
  }

  @Override
  public String content(int row) {
    return dataset.content(positions[row]);
  }
}
