package io.gradsieve.scoring;

import java.util.Arrays;
import java.util.Optional;

/**
 * Samples that a {@link PruningPolicy} chooses among: all, or those of one class.
 *
 * @param scores what to rank by, [N]
 * @param hardness the same, the hardest samples having the largest values, [N]
 * @param draws uniform in [0, 1), from the seed and the sample's index, [N]
 * @param labels what is known of the labels; empty: nothing
 */
record PruningCandidates(
    double[] scores, double[] hardness, double[] draws, Optional<SuspectedLabels> labels) {

  int size() {
    return scores.length;
  }

  /** Those in these rows. */
  PruningCandidates of(int[] rows) {
    return new PruningCandidates(
        Arrays.stream(rows).mapToDouble(i -> scores[i]).toArray(),
        Arrays.stream(rows).mapToDouble(i -> hardness[i]).toArray(),
        Arrays.stream(rows).mapToDouble(i -> draws[i]).toArray(),
        labels.map(all -> all.of(rows)));
  }
}
