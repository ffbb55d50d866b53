package io.gradsieve.train;

import io.gradsieve.optim.GradientNoiseScale;
import java.nio.ByteBuffer;

/** Running sums of one epoch's training; a checkpoint inside an epoch keeps them. */
public final class EpochTotals {
  static final int BYTES = 10 * 8 + GradientNoiseScale.BYTES;

  /** Σ w_i over the samples backpropagated so far. */
  double weight;

  /** Σ w_i ℓ_i. */
  double loss;

  /** Σ w_i over the samples predicted right. */
  double correct;

  /** Samples backpropagated. */
  long kept;

  /** Seconds in steps. */
  double seconds;

  /** Seconds in which a filter learned for this epoch: no measure of its pace. */
  double learningSeconds;

  /** Seconds without the first tenth of the steps, which a cold start slows down. */
  double warmSeconds;

  long warmKept;

  /** Of the steps so far; without norms, or of a biased plan, of none. */
  final GradientNoiseScale noise = new GradientNoiseScale();

  /** Samples that were only scored. */
  long forwardOnly;

  /** Of the last step, without {@code lr_scale}. */
  double learningRate;

  void clear() {
    weight = 0;
    loss = 0;
    correct = 0;
    kept = 0;
    seconds = 0;
    learningSeconds = 0;
    warmSeconds = 0;
    warmKept = 0;
    learningRate = 0;
    forwardOnly = 0;
    noise.clear();
  }

  /** Adds the results of a step or a part of one, of whose samples some went backward. */
  void add(RecordedStep recorded, int samples, int chosen) {
    for (int i = 0; i < samples; i++) {
      double w = recorded.weight(i);
      weight += w;
      loss += w * recorded.loss(i);
      correct += recorded.right(i) ? w : 0;
    }
    kept += chosen;
    forwardOnly += samples - chosen;
  }

  /** Mean ℓ_i so far, weighted by the plan, so that it estimates the full data's. */
  public double meanLoss() {
    return weight == 0 ? 0 : loss / weight;
  }

  /** Share predicted right so far, weighted by the plan. */
  public double accuracy() {
    return weight == 0 ? 0 : correct / weight;
  }

  /** Samples backpropagated so far. */
  public long kept() {
    return kept;
  }

  /** Seconds in steps so far. */
  public double seconds() {
    return seconds;
  }

  void write(ByteBuffer target) {
    target.putDouble(weight).putDouble(loss).putDouble(correct).putLong(kept);
    target.putDouble(seconds).putDouble(warmSeconds).putLong(warmKept).putDouble(learningRate);
    target.putLong(forwardOnly).putDouble(learningSeconds);
    noise.write(target);
  }

  void read(ByteBuffer source) {
    weight = source.getDouble();
    loss = source.getDouble();
    correct = source.getDouble();
    kept = source.getLong();
    seconds = source.getDouble();
    warmSeconds = source.getDouble();
    warmKept = source.getLong();
    learningRate = source.getDouble();
    forwardOnly = source.getLong();
    learningSeconds = source.getDouble();
    noise.read(source);
  }
}
