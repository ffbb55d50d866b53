package io.gradsieve.train;

import io.gradsieve.backend.StepRecords;
import io.gradsieve.data.Batch;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.StepScores;
import org.jspecify.annotations.Nullable;

/** A step's records as the score table takes them; one object serves all steps. */
public final class RecordedStep implements StepScores {
  private @Nullable StepRecords records;
  private @Nullable Batch batch;

  /** Of all samples after a choice; null where the records have them. */
  private float @Nullable [] norms;

  private float[] allNorms = {};

  /** Turns to those of a batch that was awaited and not released yet. */
  public void show(StepRecords records, Batch batch) {
    this.records = records;
    this.batch = batch;
    norms = null;
  }

  /**
   * After a choice: marks the chosen in the table, takes the records of norms for theirs, and for
   * the others the last norms that the table has.
   *
   * @param order rows of the table, of which the step's begin at {@code from}
   * @param count of the chosen
   */
  void choose(ScoreTable table, int[] order, int from, int count) {
    int samples = batch.size();
    if (allNorms.length < samples) {
      allNorms = new float[batch.samples().length];
    }
    norms = allNorms;
    for (int i = 0; i < samples; i++) {
      norms[i] = table.has(Score.GRAD_NORM) ? table.value(Score.GRAD_NORM, order[from + i]) : 0;
    }
    for (int j = 0; j < count; j++) {
      int i = records.backwardRows().get(j);
      norms[i] = (float) (Math.sqrt(records.squaredNorm().get(j)) / weight(i));
      table.choose(order[from + i]);
    }
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
    return predicted(i) == batch.slot().labels().get(i);
  }

  @Override
  public float weight(int i) {
    return batch.slot().planWeights().get(i);
  }
}
