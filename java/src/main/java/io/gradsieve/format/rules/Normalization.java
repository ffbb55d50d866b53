package io.gradsieve.format.rules;

import io.gradsieve.GradsieveException.BadData;
import java.util.List;

/**
 * How values become inputs: (value − mean) / deviation. Bytes of images are divided by 255 before,
 * and the step does it; the columns of a table are standardised when they are read. Other float
 * inputs are used as they are.
 *
 * @param mean one a channel of an image, or one an input feature of a table (0 for those of a
 *     category)
 * @param deviation likewise, positive (1 for those of a category)
 */
public record Normalization(List<Double> mean, List<Double> deviation) {
  /**
   * Stands for the deviation of what never varied in training: whatever is there later becomes next
   * to nothing, so that weights which no sample has trained decide nothing. A float32 holds it.
   */
  public static final double NEVER_VARIED = 1e30;

  /** Throws {@code BadData} if the two differ in length or a deviation is not positive. */
  public Normalization {
    mean = List.copyOf(mean);
    deviation = List.copyOf(deviation);
    if (mean.size() != deviation.size()) {
      throw new BadData(
          "normalize: "
              + mean.size()
              + " means but "
              + deviation.size()
              + " deviations; give one of each a channel");
    }
    for (double d : deviation) {
      if (!(d > 0) || !Double.isFinite(d)) {
        throw new BadData("normalize: deviation must be a positive number, is " + d);
      }
    }
  }

  /** What a byte is multiplied by, [C]: 1 / (255·deviation). */
  public float[] byteScale() {
    float[] scale = new float[mean.size()];
    for (int c = 0; c < scale.length; c++) {
      scale[c] = (float) (1 / (255 * deviation.get(c)));
    }
    return scale;
  }

  /** What is added then, [C]: −mean / deviation. */
  public float[] byteShift() {
    float[] shift = new float[mean.size()];
    for (int c = 0; c < shift.length; c++) {
      shift[c] = (float) (-mean.get(c) / deviation.get(c));
    }
    return shift;
  }
}
