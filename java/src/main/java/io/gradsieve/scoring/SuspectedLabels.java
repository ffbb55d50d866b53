package io.gradsieve.scoring;

/**
 * What a scores file says of the labels of its samples.
 *
 * @param suspected whether {@code label_issue} is 1, [N]
 * @param contradicted whether the network, when last scored, found another class clearly more
 *     probable; without margins, whether it predicted another, [N]
 * @param quality {@code label_quality}, [N]; 0 where the file has none
 */
record SuspectedLabels(boolean[] suspected, boolean[] contradicted, double[] quality) {

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
