package io.gradsieve.sieve;

import io.gradsieve.Internal;

/**
 * What a policy may know of the epoch it plans.
 *
 * @param samples N, of the training part
 * @param batchSize B
 * @param epoch from 1
 * @param epochs of the whole run
 * @param seed of the run
 * @param ranking of the samples
 * @param classes index of each sample's class, [N]; empty where none are known. No copy is made
 * @param predictedRanks what a filter that has learned says of each sample, in (0, 1), larger is
 *     worth keeping, [N]; empty while there is none. No copy is made
 */
@Internal
public record EpochContext(
    int samples,
    int batchSize,
    int epoch,
    int epochs,
    long seed,
    Ranking ranking,
    int[] classes,
    float[] predictedRanks) {
  public EpochContext {
    if (samples < 0 || batchSize < 1 || epoch < 1 || epochs < 1) {
      throw new IllegalArgumentException(
          "samples %d, batch size %d, epoch %d, epochs %d"
              .formatted(samples, batchSize, epoch, epochs));
    }
    if (classes.length != 0 && classes.length != samples) {
      throw new IllegalArgumentException(classes.length + " classes for " + samples + " samples");
    }
    if (predictedRanks.length != 0 && predictedRanks.length != samples) {
      throw new IllegalArgumentException(
          predictedRanks.length + " predicted ranks for " + samples + " samples");
    }
  }
}
