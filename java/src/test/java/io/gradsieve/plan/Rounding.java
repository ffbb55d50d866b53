package io.gradsieve.plan;

import io.gradsieve.RandomBits;

/**
 * What is lost when a number is stored. A reference step run again with roundings shows how far a
 * network carries them: the error that no backend of that precision can avoid.
 */
@FunctionalInterface
public interface Rounding {
  /** Double precision as it is. */
  Rounding NONE = (value, place) -> value;

  /**
   * To float32, on a grid that is shifted by a factor between 1 and 2, another one for each replay
   * and place: each rounds differently, but equal values of one sample alike, so that ties of a
   * maximum stay ties.
   */
  static Rounding float32(long seed, int replay) {
    RandomBits grids = RandomBits.of(seed, "rounding", replay);
    return (value, place) -> {
      double grid = 1 + grids.uniform(place);
      return (float) (value * grid) / grid;
    };
  }

  /** A place is a sample, or the batch's size for what belongs to none. */
  double round(double value, int place);
}
