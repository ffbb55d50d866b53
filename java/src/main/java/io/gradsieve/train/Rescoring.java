package io.gradsieve.train;

import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.StepScores;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Scores of the samples that a policy left out of an epoch, in evaluation mode and without
 * augmentation; nothing is learned. What was measured is kept aside until all are done, so that a
 * stop leaves the table as it was.
 */
final class Rescoring implements StepScores {
  /** Of a sample, as workers exchange it. */
  private static final int BYTES = 6 * Float.BYTES + 1;

  private final int[] rows;
  private final double[] userWeights;
  private final float[] loss;
  private final float[] crossEntropy;
  private final float[] el2n;
  private final float[] margin;
  private final float[] gradNorm;
  private final int[] predicted;
  private final boolean[] right;

  private Rescoring(int[] rows, double[] userWeights, float[] lastNorms) {
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
   * Scores those that the last plan left out, each worker its share.
   *
   * @param backward whether by a backward pass as well; without, the last norms stay
   * @return their scores; empty if there are none, or if asked to stop before the end
   */
  static Optional<Rescoring> of(
      ScoreTable table, TrainingData data, ForwardPass pass, boolean backward, Workers workers) {
    int[] rows = IntStream.range(0, table.samples()).filter(i -> !table.kept(i)).toArray();
    int[] samples = Arrays.stream(rows).map(row -> data.train()[row]).toArray();
    double[] weights = new double[rows.length];
    float[] norms = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      weights[i] = data.userWeights()[samples[i]];
      norms[i] = table.has(Score.GRAD_NORM) ? table.value(Score.GRAD_NORM, rows[i]) : 0;
    }
    Rescoring aside = new Rescoring(rows, weights, norms);
    int begin = workers.share().from(rows.length);
    int end = workers.share().to(rows.length);
    int[] own = Arrays.copyOfRange(samples, begin, end);
    MeasuredStep measured = new MeasuredStep();
    boolean ended =
        workers.part(
            () ->
                pass.evaluate(
                    own,
                    backward,
                    (first, batch, records) -> {
                      measured.show(records, batch);
                      aside.keep(begin + first, batch.size(), measured, backward);
                    }));
    boolean all = workers.alone() ? ended : aside.exchange(workers);
    return all && rows.length > 0 ? Optional.of(aside) : Optional.empty();
  }

  /** Takes the other workers' shares; false if one was asked to stop. */
  private boolean exchange(Workers workers) {
    int length = rows.length;
    ByteBuffer own = ByteBuffer.allocate(BYTES * workers.share().largest(length));
    for (int i = workers.share().from(length); i < workers.share().to(length); i++) {
      own.putFloat(loss[i]).putFloat(crossEntropy[i]).putFloat(el2n[i]).putFloat(margin[i]);
      own.putFloat(gradNorm[i]).putInt(predicted[i]).put((byte) (right[i] ? 1 : 0));
    }
    int i = 0;
    for (ByteBuffer each : workers.gather(own.flip())) {
      for (; each.hasRemaining(); i++) {
        loss[i] = each.getFloat();
        crossEntropy[i] = each.getFloat();
        el2n[i] = each.getFloat();
        margin[i] = each.getFloat();
        gradNorm[i] = each.getFloat();
        predicted[i] = each.getInt();
        right[i] = each.get() == 1;
      }
    }
    return !workers.stop().asked();
  }

  /** Of the score table, one for each sample. */
  int[] rows() {
    return rows;
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
