package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.EarlyEpochs;
import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.Measured;
import io.gradsieve.sieve.Ranking;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreTable;

/** Tables and contexts for tests. */
final class Tables {
  static final Ranking LOSS = Ranking.of(Score.LOSS);

  private Tables() {}

  /** A table opened for losses, scored in epoch 1; NaN leaves a sample unscored. */
  static ScoreTable ofLosses(float... losses) {
    ScoreTable table = ScoreTable.forTraining(losses.length, true, LOSS, new EarlyEpochs(2, 10), 1);
    for (int i = 0; i < losses.length; i++) {
      if (!Float.isNaN(losses[i])) {
        Measured.of(losses[i], false, 0).in(table, i, 1);
      }
    }
    return table;
  }

  /** Epoch 3 of 10, ranked by loss. */
  static EpochContext context(ScoreTable table, int batchSize, long seed) {
    return epoch(table, batchSize, seed, 3);
  }

  static EpochContext epoch(ScoreTable table, int batchSize, long seed, int epoch) {
    return new EpochContext(
        table.samples(), batchSize, epoch, 10, seed, LOSS, new int[0], new float[0]);
  }

  /** Epoch 3 of 10 over samples of these classes. */
  static EpochContext classes(int batchSize, long seed, int... classes) {
    return new EpochContext(classes.length, batchSize, 3, 10, seed, LOSS, classes, new float[0]);
  }
}
