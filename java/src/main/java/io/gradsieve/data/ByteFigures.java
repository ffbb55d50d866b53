package io.gradsieve.data;

import io.gradsieve.format.rules.Normalization;
import java.util.ArrayList;
import java.util.List;

/**
 * Mean and deviation of uint8 samples, from counts of every value: exact, whatever the number of
 * samples.
 */
final class ByteFigures {
  private static final int VALUES = 256;

  private ByteFigures() {}

  /**
   * Of value/255 per channel over {@code part}; a channel that never varies has {@link
   * #CONSTANT_DEVIATION}.
   */
  static Normalization of(SampleStore store, int[] part, int channels) {
    long[] counts = new long[channels * VALUES];
    byte[] values = new byte[store.sampleBytes()];
    for (int sample : part) {
      store.get(sample, values);
      int c = 0;
      for (byte value : values) {
        counts[c * VALUES + (value & 0xff)]++;
        c = c + 1 == channels ? 0 : c + 1;
      }
    }
    List<Double> means = new ArrayList<>();
    List<Double> deviations = new ArrayList<>();
    for (int c = 0; c < channels; c++) {
      double n = 0;
      double sum = 0;
      for (int v = 0; v < VALUES; v++) {
        n += counts[c * VALUES + v];
        sum += (double) counts[c * VALUES + v] * v;
      }
      double mean = sum / n;
      double squares = 0;
      for (int v = 0; v < VALUES; v++) {
        squares += counts[c * VALUES + v] * (v - mean) * (v - mean);
      }
      double deviation = Math.sqrt(squares / n) / 255;
      means.add(mean / 255);
      deviations.add(deviation > 0 ? deviation : Normalization.NEVER_VARIED);
    }
    return new Normalization(means, deviations);
  }
}
