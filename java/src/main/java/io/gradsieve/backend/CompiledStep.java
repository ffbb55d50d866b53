package io.gradsieve.backend;

import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.plan.UpdateRule;
import java.util.Map;

/**
 * A plan bound to memory. One step is {@code begin, forward, [[choose,] backward, [accumulate,]
 * [update,]] await}; all but {@code await} only queue work. A second step may be begun and queued
 * before the first is awaited, so that the device goes from one to the next; each still sees the
 * weights the other left. Not safe for use by several threads.
 */
public interface CompiledStep extends AutoCloseable {
  /**
   * How the layers behave: batch norm by batch statistics and dropout in training, running
   * statistics in evaluation.
   */
  enum Mode {
    TRAINING,
    EVALUATION
  }

  /**
   * A slot for a batch of these samples, in memory the device reads; the caller owns it and may
   * fill one while another is in use.
   *
   * @param samples [H][W][C] each, bytes or little-endian floats as the graph's input says
   * @param shape of each of them, which augmentation needs
   */
  StepInput newInput(SampleStore samples, SampleShape shape);

  /**
   * Starts a step over the first {@code batch} samples of {@code input}; at most two are under way.
   *
   * @param statisticsMomentum replaces the layers' own momentum of running statistics; 0 keeps
   *     them, negative: their own
   */
  void begin(
      StepInput input, int batch, Mode mode, long seed, int epoch, double statisticsMomentum);

  void forward();

  /** What {@link #choose} ranks samples by. */
  enum Choice {
    LOSS,
    EL2N,
    MARGIN
  }

  /**
   * After forward: only the {@code count} samples of the highest score go backward, by what forward
   * kept of them; of equal scores the first. {@link StepRecords#chosen} says which they are. With
   * batch norm the others stay in the statistics, but their gradients are left out.
   *
   * @param ofClass how many samples of each class, {@code count} together, each time those of the
   *     highest score; empty: whatever their class. No more than the batch has of each
   */
  void choose(Choice by, int count, int[] ofClass);

  void backward();

  /**
   * Makes this step a part of a larger one, whose gradient is the sum over its parts; the update
   * comes after the last, whose {@link #await} returns the norm of the whole.
   */
  void accumulate(boolean first, boolean last);

  /**
   * Changes the weights by the update rule the step was compiled with.
   *
   * @param learningRate of this step, {@code lr_scale} included
   * @param divisor b · w̄; the summed gradient is divided by it
   * @param clipNorm largest norm of the divided gradient; 0 for no clipping
   * @param step optimizer steps so far, from 1
   */
  void update(double learningRate, double divisor, double clipNorm, long step);

  /**
   * Waits for the first step that was not awaited yet.
   *
   * @return squared norm of the summed gradient ‖Σ term_i‖², undivided; 0 without backward
   * @throws io.gradsieve.GradsieveException.Diverged if a loss, norm or gradient is not finite; no
   *     weight was changed then, nor by a step queued behind this one, whose await throws as well
   */
  double await();

  /**
   * Per-sample results of the step last awaited; they stay until the second {@link #begin} after
   * that step's own.
   */
  StepRecords records();

  /** Optimizer state for checkpoints, one for each of {@link UpdateRule#states}. */
  Map<String, ParameterValues> optimizerState();

  /** Σ term_i of the last step that ran, of the trainable parameters. */
  ParameterValues gradients();

  /** Native segment calls so far (segments × passes). */
  long segmentCalls();

  /** Bytes of memory a sample's forward and backward pass read and write, over all segments. */
  long trafficPerSample();

  /**
   * Measures every step from now on; costs two looks at the clock for each thread, segment and
   * phase. Not between {@link #begin} and {@link #await}.
   */
  StepTimes measure();

  @Override
  void close();
}
