package io.gradsieve.train;

import io.gradsieve.Internal;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.data.Batch;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.StepScores;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.jspecify.annotations.Nullable;

/** What a step measured, as the score table takes it; one object serves all steps. */
@Internal
public final class MeasuredStep implements StepScores {
  private @Nullable StepRecords records;
  private @Nullable IntBuffer labels;
  private @Nullable FloatBuffer planWeights;
  private int samples;

  /** Of all samples after a choice; null where the records have them. */
  private float @Nullable [] norms;

  private float[] allNorms = {};

  /** Turns to those of a batch that was awaited and not released yet. */
  public void show(StepRecords records, Batch batch) {
    show(records, batch.slot().labels(), batch.slot().planWeights(), batch.size());
  }

  /**
   * Turns to those of a step that was made elsewhere.
   *
   * @param labels of its samples, [samples]
   * @param planWeights w_i of each, [samples]
   */
  void show(StepRecords of, IntBuffer labels, FloatBuffer planWeights, int samples) {
    records = of;
    this.labels = labels;
    this.planWeights = planWeights;
    this.samples = samples;
    norms = null;
  }

  /** As they came. */
  StepRecords records() {
    return records;
  }

  /**
   * After a choice: takes the records of norms for those that went backward, and for the others the
   * last norms that the table has.
   *
   * @param order rows of the table, of which the step's begin at {@code from}
   * @param backward how many went backward
   */
  void choose(ScoreTable table, int[] order, int from, int backward) {
    if (allNorms.length < samples) {
      allNorms = new float[labels.capacity()];
    }
    norms = allNorms;
    for (int i = 0; i < samples; i++) {
      norms[i] = table.has(Score.GRAD_NORM) ? table.value(Score.GRAD_NORM, order[from + i]) : 0;
    }
    for (int j = 0; j < backward; j++) {
      int i = backwardRow(j);
      norms[i] = (float) (Math.sqrt(records.squaredNorm().get(j)) / weight(i));
    }
  }

  /** Which sample of the batch the {@code j}-th is that went backward after a choice. */
  int backwardRow(int j) {
    return records.backwardRows().get(j);
  }

  /** Σ ‖term_i‖² of the samples that went backward. */
  double squares(int backward) {
    double squares = 0;
    for (int j = 0; j < backward; j++) {
      squares += records.squaredNorm().get(j);
    }
    return squares;
  }

  @Override
  public float loss(int i) {
    return records.loss().get(i);
  }

  @Override
  public float crossEntropy(int i) {
    return records.crossEntropy().get(i);
  }

  @Override
  public float el2n(int i) {
    return records.el2n().get(i);
  }

  @Override
  public float margin(int i) {
    return records.margin().get(i);
  }

  @Override
  public float gradNorm(int i) {
    return norms == null ? (float) (Math.sqrt(records.squaredNorm().get(i)) / weight(i)) : norms[i];
  }

  @Override
  public int predicted(int i) {
    return (int) records.predicted().get(i);
  }

  @Override
  public boolean right(int i) {
    return predicted(i) == labels.get(i);
  }

  @Override
  public float weight(int i) {
    return planWeights.get(i);
  }
}
