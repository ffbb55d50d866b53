package io.gradsieve.train;

import java.util.Optional;

/**
 * What the parts of the data said after an epoch; empty where absent.
 *
 * @param recalibrated accuracy on the test part with running statistics measured anew
 */
record Evaluations(
    Optional<Evaluation> validation, Optional<Evaluation> test, Optional<Double> recalibrated) {
  static final Evaluations NONE =
      new Evaluations(Optional.empty(), Optional.empty(), Optional.empty());
}
