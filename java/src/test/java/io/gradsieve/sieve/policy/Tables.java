package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreTable;

/** Tables and contexts for tests. */
final class Tables {
  private Tables() {}

  /** A table opened for losses, scored in epoch 1; NaN leaves a sample unscored. */
  static ScoreTable ofLosses(float... losses) {
    ScoreTable table = ScoreTable.forScore(losses.length, Score.LOSS, 1);
    for (int i = 0; i < losses.length; i++) {
      if (!Float.isNaN(losses[i])) {
        table.record(i, 1, losses[i], 0, 0, 0, 0, 0, 0);
      }
    }
    return table;
  }

  /** Epoch 3 of 10, ranked by loss. */
  static EpochContext context(ScoreTable table, int batchSize, long seed) {
    return epoch(table, batchSize, seed, 3);
  }

  static EpochContext epoch(ScoreTable table, int batchSize, long seed, int epoch) {
    return new EpochContext(table.samples(), batchSize, epoch, 10, seed, Score.LOSS);
  }
}
