package io.gradsieve.data.reader;

import io.gradsieve.RandomBits;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.Split;
import io.gradsieve.format.ByteSource;
import java.io.InputStream;
import java.util.stream.IntStream;

/**
 * The embedded handwritten digits (UCI "Optical Recognition of Handwritten Digits", CC BY 4.0, see
 * digits.NOTICE.txt beside the resource): 1,797 images of 8 by 8 pixels with values 0 to 16, a line
 * of 64 values and the label each. A fifth of every class, always the same, is the test part.
 */
final class Digits {
  private static final String RESOURCE = "digits.csv.gz";
  private static final int SAMPLES = 1797;
  private static final int SIDE = 8;
  private static final double TEST_FRACTION = 0.2;
  private static final long SPLIT_SEED = 1;

  private Digits() {}

  static Dataset read(DataRequest request) {
    InputStream resource = Digits.class.getResourceAsStream(RESOURCE);
    if (resource == null) {
      throw new IllegalStateException("the resource " + RESOURCE + " is missing from the jar");
    }
    SampleStore store = new SampleStore("digits", SAMPLES, SIDE * SIDE);
    int[] labels = new int[SAMPLES];
    ClassIndices indices = new ClassIndices(request);
    try (ByteSource in = ByteSource.of("digits", resource, Integer.MAX_VALUE)) {
      for (int i = 0; i < SAMPLES; i++) {
        for (int t = 0; t < SIDE * SIDE; t++) {
          store.setByte(i, t, (byte) number(in));
        }
        labels[i] = number(in);
      }
      in.expectEnd();
    }
    boolean[] test = Split.fixed(labels, TEST_FRACTION, RandomBits.of(SPLIT_SEED, "digits", 0));
    if (request.labelled()) {
      IntStream.range(0, SAMPLES).forEach(i -> indices.check(labels[i], "digits", i));
    }
    return new DatasetBuilder("digits", new SampleShape(1, SIDE, SIDE), true, store)
        .labels(request.labelled() ? labels : new int[0])
        .parts(
            IntStream.range(0, SAMPLES).filter(i -> !test[i]).toArray(),
            IntStream.range(0, SAMPLES).filter(i -> test[i]).toArray())
        .build("digits", request);
  }

  /** Digits up to a comma or the end of the line. */
  private static int number(ByteSource in) {
    int value = 0;
    for (int c = in.readByte(); c != ',' && c != '\n'; c = in.readByte()) {
      value = 10 * value + c - '0';
    }
    return value;
  }
}
