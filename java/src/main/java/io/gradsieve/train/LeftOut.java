package io.gradsieve.train;

import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.StepScores;

/**
 * Scores the samples that a policy left out of an epoch, in evaluation mode and without
 * augmentation; nothing is learned. What was measured is kept aside until all are done, so that a
 * stop leaves the table as it was.
 */
final class LeftOut implements StepScores {
  private final int[] rows;
  private final double[] userWeights;
  private final float[] loss;
  private final float[] crossEntropy;
  private final float[] el2n;
  private final float[] margin;
  private final float[] gradNorm;
  private final int[] predicted;
  private final boolean[] right;

  private LeftOut(int[] rows, double[] userWeights, float[] lastNorms) {
    this.rows = rows;
    this.userWeights = userWeights;
    gradNorm = lastNorms;
    loss = new float[rows.length];
    crossEntropy = new float[rows.length];
    el2n = new float[rows.length];
    margin = new float[rows.length];
    predicted = new int[rows.length];
    right = new boolean[rows.length];
  }

  /**
   * Scores those the last plan left out and records them.
   *
   * @param backward whether by a backward pass as well; without, the last norms stay
   * @return how many they are; 0 if asked to stop
   */
  static int score(TrainingState state, ForwardPass pass, boolean backward) {
    ScoreTable table = state.table;
    int[] rows = new int[table.samples() - state.plan.kept()];
    int[] samples = new int[rows.length];
    double[] weights = new double[rows.length];
    float[] norms = new float[rows.length];
    int next = 0;
    for (int i = 0; i < table.samples(); i++) {
      if (!table.kept(i)) {
        rows[next] = i;
        samples[next] = state.data.train()[i];
        weights[next] = state.data.userWeights()[samples[next]];
        norms[next] = table.has(Score.GRAD_NORM) ? table.value(Score.GRAD_NORM, i) : 0;
        next++;
      }
    }
    LeftOut scores = new LeftOut(rows, weights, norms);
    RecordedStep recorded = new RecordedStep();
    boolean ended =
        pass.evaluate(
            samples,
            backward,
            (first, batch, records) -> {
              recorded.show(records, batch);
              scores.keep(first, batch.size(), recorded, backward);
            });
    if (!ended || rows.length == 0) {
      return 0;
    }
    table.recordLeftOut(state.epoch, rows, scores);
    return rows.length;
  }

  /** The plain loader weighs every sample 1; loss and gradient are proportional to the weight. */
  private void keep(int first, int count, StepScores step, boolean norms) {
    for (int i = 0; i < count; i++) {
      int at = first + i;
      float weight = (float) userWeights[at];
      loss[at] = weight * step.loss(i);
      crossEntropy[at] = step.crossEntropy(i);
      el2n[at] = step.el2n(i);
      margin[at] = step.margin(i);
      gradNorm[at] = norms ? weight * step.gradNorm(i) : gradNorm[at];
      predicted[at] = step.predicted(i);
      right[at] = step.right(i);
    }
  }

  @Override
  public float loss(int i) {
    return loss[i];
  }

  @Override
  public float crossEntropy(int i) {
    return crossEntropy[i];
  }

  @Override
  public float el2n(int i) {
    return el2n[i];
  }

  @Override
  public float margin(int i) {
    return margin[i];
  }

  @Override
  public float gradNorm(int i) {
    return gradNorm[i];
  }

  @Override
  public int predicted(int i) {
    return predicted[i];
  }

  @Override
  public boolean right(int i) {
    return right[i];
  }

  @Override
  public float weight(int i) {
    return 1;
  }
}
