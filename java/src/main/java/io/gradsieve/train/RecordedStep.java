package io.gradsieve.train;

import io.gradsieve.backend.StepRecords;
import io.gradsieve.data.Batch;
import io.gradsieve.sieve.StepScores;
import org.jspecify.annotations.Nullable;

/** A step's records as the score table takes them; one object serves all steps. */
public final class RecordedStep implements StepScores {
  private @Nullable StepRecords records;
  private @Nullable Batch batch;

  /** Turns to those of a batch that was awaited and not released yet. */
  public void show(StepRecords records, Batch batch) {
    this.records = records;
    this.batch = batch;
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
    return (float) (Math.sqrt(records.squaredNorm().get(i)) / weight(i));
  }

  @Override
  public float confidence(int i) {
    return records.confidence().get(i);
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
