package io.gradsieve.sieve;

import io.gradsieve.GradsieveException;
import java.util.Arrays;

/**
 * What policies rank by, of every row, where that is no score itself. What a step measures waits
 * until the step ends, since relative scores need its mean.
 */
final class RankingField {
  private static final int FIRST_STEP = 128;

  private final Ranking by;
  private final float[] ranks;
  private int[] rows = new int[FIRST_STEP];
  private float[] measured = new float[FIRST_STEP];
  private boolean[] scoredBefore = new boolean[FIRST_STEP];
  private int waiting;
  private double sum;
  private double weight;

  /** A field in {@code ranks}, [N]. */
  RankingField(Ranking by, float[] ranks) {
    this.by = by;
    this.ranks = ranks;
  }

  /** The score of a row in the step that is being recorded. */
  void measure(int row, boolean scored, float score, float planWeight) {
    if (waiting == rows.length) {
      rows = Arrays.copyOf(rows, 2 * waiting);
      measured = Arrays.copyOf(measured, 2 * waiting);
      scoredBefore = Arrays.copyOf(scoredBefore, 2 * waiting);
    }
    rows[waiting] = row;
    measured[waiting] = score;
    scoredBefore[waiting++] = scored;
    sum += (double) planWeight * score;
    weight += planWeight;
  }

  /**
   * Ends a step: relative scores are divided by their mean over the full data, as far as the step's
   * samples and their weights tell, unless that is zero.
   */
  void endStep(int epoch) {
    end(by.relative() && sum > 0 ? sum / weight : 1, epoch);
  }

  /**
   * What relative scores are divided by where samples are measured outside any step: the mean over
   * all, with these measured anew; 1 if it is zero, or if scores are not relative.
   */
  double meanWith(ScoreTable table, int[] measured, StepScores scores) {
    double sum = 0;
    for (int i = 0; i < table.samples() && by.relative(); i++) {
      sum += table.scored(i) ? table.value(by.score(), i) : 0;
    }
    for (int i = 0; i < measured.length && by.relative(); i++) {
      int row = measured[i];
      float before = table.value(by.score(), row);
      sum += by.measured(scores, i, before) - (table.scored(row) ? before : 0);
    }
    return sum > 0 ? sum / table.samples() : 1;
  }

  /** Ends what was measured outside any step: relative scores are divided by {@code mean}. */
  void end(double mean, int epoch) {
    int count = waiting;
    waiting = 0;
    sum = 0;
    weight = 0;
    for (int i = 0; i < count; i++) {
      double value = measured[i] / mean;
      float rank = (float) (scoredBefore[i] ? by.averaged(ranks[rows[i]], value) : value);
      if (!Float.isFinite(rank)) {
        throw new GradsieveException.Diverged(
            "the rank of row %d of the training part is %s in epoch %d"
                .formatted(rows[i], rank, epoch));
      }
      ranks[rows[i]] = rank;
    }
  }
}
