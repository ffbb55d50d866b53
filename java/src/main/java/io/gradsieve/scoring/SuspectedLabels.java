package io.gradsieve.scoring;

import io.gradsieve.sieve.LabelVerdicts;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreTable;

/**
 * What a scores file says of the labels of its samples.
 *
 * @param suspected whether {@code label_issue} is 1, [N]
 * @param contradicted whether the network, when last scored, found another class clearly more
 *     probable; without margins, whether it predicted another, [N]
 * @param quality {@code label_quality}, [N]; 0 where the file has none
 */
record SuspectedLabels(boolean[] suspected, boolean[] contradicted, double[] quality) {

  /** What a table says of its rows. */
  static SuspectedLabels of(ScoreTable table, LabelVerdicts verdicts) {
    int rows = table.samples();
    boolean[] suspected = new boolean[rows];
    boolean[] contradicted = new boolean[rows];
    double[] quality = new double[rows];
    for (int i = 0; i < rows; i++) {
      boolean judged = !Float.isNaN(verdicts.at(i));
      suspected[i] = judged && verdicts.issue(i);
      contradicted[i] =
          table.scored(i) && table.value(Score.MARGIN, i) > LabelColumns.CONTRADICTION;
      quality[i] = judged ? verdicts.at(i) : 0;
    }
    return new SuspectedLabels(suspected, contradicted, quality);
  }

  /** Those of some samples. */
  SuspectedLabels of(int[] rows) {
    boolean[] suspectedThere = new boolean[rows.length];
    boolean[] contradictedThere = new boolean[rows.length];
    double[] qualityThere = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      suspectedThere[i] = suspected[rows[i]];
      contradictedThere[i] = contradicted[rows[i]];
      qualityThere[i] = quality[rows[i]];
    }
    return new SuspectedLabels(suspectedThere, contradictedThere, qualityThere);
  }
}
