package io.gradsieve.scoring;

import io.gradsieve.data.Dataset;
import java.util.Optional;

/**
 * The training samples that {@code prune} chooses among.
 *
 * @param indices position of each sample in the file it was ranked in, [N]: what random draws
 *     belong to
 * @param places position of each sample in the file that is pruned, [N]
 * @param scores what to rank by, [N]; zero if no score was asked for
 * @param classes number of each sample's class, [N]; zero if classes were not asked for
 * @param labels what is known of the labels; empty: nothing, or it was not asked for
 * @param data that is pruned; with labels if classes were asked for. Empty: only indices are wanted
 */
record RankedSamples(
    long[] indices,
    long[] places,
    double[] scores,
    int[] classes,
    Optional<SuspectedLabels> labels,
    Optional<Dataset> data) {

  /** Samples that are pruned where they were ranked. */
  static RankedSamples of(
      long[] indices,
      double[] scores,
      int[] classes,
      Optional<SuspectedLabels> labels,
      Optional<Dataset> data) {
    return new RankedSamples(indices, indices, scores, classes, labels, data);
  }

  /** The same samples, pruned in other data. */
  RankedSamples in(Dataset other, long[] placesThere) {
    return new RankedSamples(indices, placesThere, scores, classes, labels, Optional.of(other));
  }
}
