package io.gradsieve.optim;

import java.util.OptionalDouble;

/**
 * {@code --batch-size auto}: the batch doubles after an epoch whose noise scale is at least twice
 * as large, so that the larger batch still pays, and the rate grows by what a step of it may be
 * longer: a step's best length is proportional to 1/(1 + S/B), S the noise scale (McCandlish et al.
 * 2018, arXiv 1812.06162, eq. 2.4). Far below the noise scale that is the linear rule (Goyal et al.
 * 2017), near it less.
 *
 * @param batchSize B
 * @param rateScale multiplies the schedule's rate
 */
public record BatchGrowth(int batchSize, double rateScale) {
  /** Steps an epoch keeps at least: fewer would leave its schedule no resolution. */
  private static final int LEAST_STEPS = 8;

  /**
   * What the next epoch has.
   *
   * @param noiseScale of the epoch that ended, in samples
   * @param samples N
   */
  public BatchGrowth next(OptionalDouble noiseScale, int samples) {
    double scale = noiseScale.orElse(0);
    long doubled = 2L * batchSize;
    if (scale < doubled || doubled * LEAST_STEPS > samples) {
      return this;
    }
    double longer = (1 + scale / batchSize) / (1 + scale / doubled);
    return new BatchGrowth((int) doubled, rateScale * longer);
  }
}
