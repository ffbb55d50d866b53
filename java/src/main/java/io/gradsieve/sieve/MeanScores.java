package io.gradsieve.sieve;

import io.gradsieve.Internal;
import io.gradsieve.sieve.ScoreTable.Field;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * Scores of the same samples from several trainings as one table, as GraNd and EL2N are meant (Paul
 * et al. 2021, arXiv 2107.07075): each score is the mean over the runs, the predicted class that of
 * most runs, and {@link Score#FORGETTING} the sum over the runs.
 */
@Internal
public final class MeanScores {
  private static final List<Field> AVERAGED =
      List.of(Field.LOSS, Field.EL2N, Field.GRAD_NORM, Field.MARGIN);

  private final int[] labels;
  private final EnumSet<Field> fields = EnumSet.range(Field.LOSS, Field.FORGETTING);

  /** By {@link Field}'s ordinal. */
  private final double[][] sums = new double[Field.values().length][];

  private final double[] confidence;
  private final long[] forgotten;
  private final boolean[] everRight;
  private final int[] earlyRight;
  private final List<int[]> predicted = new ArrayList<>();

  /**
   * No run yet.
   *
   * @param labels class of each sample, [N]
   * @param norms whether gradient norms are measured
   */
  public MeanScores(int[] labels, boolean norms) {
    this.labels = labels.clone();
    if (!norms) {
      fields.remove(Field.GRAD_NORM);
    }
    for (Field field : fields) {
      sums[field.ordinal()] = new double[labels.length];
    }
    confidence = new double[labels.length];
    forgotten = new long[labels.length];
    everRight = new boolean[labels.length];
    earlyRight = new int[labels.length];
  }

  /**
   * Adds a run.
   *
   * @param trained what the training recorded
   * @param scored what its last weights say of all samples
   */
  public void add(ScoreTable trained, ScoreTable scored) {
    int[] classes = new int[labels.length];
    for (int i = 0; i < labels.length; i++) {
      for (Field field : AVERAGED) {
        if (fields.contains(field)) {
          sums[field.ordinal()][i] += Float.intBitsToFloat(scored.bits(field, i));
        }
      }
      classes[i] = scored.predicted(i);
      confidence[i] += scored.confidence(i);
      sums[Field.QUALITY.ordinal()][i] += trained.earlyCrossEntropy(i);
      forgotten[i] += trained.bits(Field.FORGETTING, i);
      everRight[i] |= trained.flags.everRight(i);
      earlyRight[i] += trained.earlyRight(i) ? 1 : 0;
    }
    predicted.add(classes);
  }

  /** The table of one run at least; its epoch is 1. */
  public ScoreTable table() {
    // Its seed is of random scores, which a mean has none of.
    ScoreTable table =
        new ScoreTable(labels.length, fields, Optional.empty(), EarlyEpochs.none(), 0);
    long never = 0;
    for (long times : forgotten) {
      never = Math.max(never, times + 1);
    }
    for (int i = 0; i < labels.length; i++) {
      for (Field field : AVERAGED) {
        if (fields.contains(field)) {
          table.set(field, i, (float) (sums[field.ordinal()][i] / predicted.size()));
        }
      }
      int runs = predicted.size();
      table.set(Field.CROSS_ENTROPY, i, (float) -Math.log(confidence[i] / runs));
      float quality = (float) (sums[Field.QUALITY.ordinal()][i] / runs);
      table.evidence.found(i, quality, 2 * earlyRight[i] > runs);
      int vote = vote(i);
      table.bits(Field.PREDICTED, i, vote);
      long times = everRight[i] ? forgotten[i] : never;
      table.bits(Field.FORGETTING, i, (int) Math.min(times, Character.MAX_VALUE));
      // Marked as once right, whatever was: the count says so already, and a vote that is right in
      // the end would hide that no training step was.
      table.flags.right(i, true);
      table.flags.right(i, vote == labels[i]);
      table.scoredEpoch[i] = 1;
    }
    return table;
  }

  /** The class that most runs predict, of several the lowest. */
  private int vote(int sample) {
    int[] votes = predicted.stream().mapToInt(run -> run[sample]).sorted().toArray();
    int elected = votes[0];
    int most = 0;
    int alike = 0;
    for (int j = 0; j < votes.length; j++) {
      alike = j > 0 && votes[j] == votes[j - 1] ? alike + 1 : 1;
      if (alike > most) {
        most = alike;
        elected = votes[j];
      }
    }
    return elected;
  }
}
