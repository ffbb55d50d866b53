package io.gradsieve.landscape;

import io.gradsieve.train.Evaluation;
import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * What was measured around one run's weights w, along the directions d and e.
 *
 * @param run as it was named
 * @param samples every point is the mean over
 * @param trained at w
 * @param axis the coordinates of the points, N of them from −1 to 1
 * @param line N points w + x·d
 * @param surface [N][N] points w + x·d + y·e, a row for each y
 */
record RunLandscape(
    String run,
    int samples,
    Evaluation trained,
    Sharpness sharpness,
    double[] axis,
    Evaluation[] line,
    Evaluation[][] surface) {

  /** Every loss that is finite. */
  DoubleStream losses() {
    return Stream.concat(Arrays.stream(line), Arrays.stream(surface).flatMap(Arrays::stream))
        .mapToDouble(Evaluation::loss)
        .filter(Double::isFinite);
  }
}
