package io.gradsieve.backend;

import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.plan.UpdateRule;
import java.util.Map;

/**
 * A plan bound to memory. One step is {@code begin, forward, [[choose,] backward, [update,]]
 * await}; all but {@code await} only queue work. A second step may be begun and queued before the
 * first is awaited, so that the device goes from one to the next; each still sees the weights the
 * other left. Not safe for use by several threads, but for {@link #abort}.
 *
 * <p>A step may be the share of a larger one, see {@link #share}.
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
   * A share of a larger step may have none.
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
   * kept of them; of equal scores the first. {@link StepRecords#backwardRows} says which they are.
   * With batch norm the others stay in the statistics, but their gradients are left out.
   *
   * @param ofClass how many samples of each class, {@code count} together, each time those of the
   *     highest score; empty: whatever their class. No more than the batch has of each
   */
  void choose(Choice by, int count, int[] ofClass);

  /**
   * Where in a larger step this one stands as its part: the gradients of parts add up, and the
   * update comes after the last, whose {@link #await} returns the norm of the whole.
   */
  enum Place {
    WHOLE,
    FIRST,
    MIDDLE,
    LAST;

    public static Place of(boolean first, boolean last) {
      if (first) {
        return last ? WHOLE : FIRST;
      }
      return last ? LAST : MIDDLE;
    }
  }

  /** The backward pass of a step in one part. */
  default void backward() {
    backward(Place.WHOLE);
  }

  /**
   * The backward pass. In the last part the gradient of each segment is that of all parts right
   * after its own backward pass.
   */
  void backward(Place place);

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
   * Waits for the first step that was not awaited yet; with none, tells of the last again.
   *
   * @return squared norm of the summed gradient ‖Σ term_i‖², undivided; 0 without backward; of a
   *     part that is not the last that of its own terms
   * @throws io.gradsieve.GradsieveException.Diverged if a loss, norm or gradient is not finite; no
   *     weight or running statistic was changed then, nor by a step queued behind this one, whose
   *     await throws as well. In a share of a larger step it names the same sample for all
   * @throws io.gradsieve.GradsieveException.PeerLost if the step was aborted or a participant
   *     failed, with its exception as the cause; what was changed then is the same: nothing
   */
  double await();

  /**
   * From the next {@link #begin} on steps in training are shares of larger ones: {@link
   * Participants} says where they meet the others. Gradients are then those of all shares, and so
   * are their norm, the clipping, the update and the verdict; {@link #records} stay the share's
   * own. Steps in evaluation stay alone. Once, with no step under way. While one is under way no
   * other step of the same backend may be, nor may its weights be read.
   *
   * @param synchroniseBatchNorm whether batch norm normalises by the statistics of all shares, else
   *     by each share's own
   */
  void share(Participants participants, boolean synchroniseBatchNorm);

  /**
   * From any thread: ends the steps under way within a second, whoever does not answer, unless its
   * update has begun already; their {@link #await} throws {@code PeerLost}. A participant still at
   * work is interrupted. A later {@link #begin} starts afresh.
   */
  void abort();

  /**
   * Per-sample results of the step last awaited; they stay until the second {@link #begin} after
   * that step's own.
   */
  StepRecords records();

  /** Optimizer state for checkpoints, one for each of {@link UpdateRule#states}. */
  Map<String, ParameterValues> optimizerState();

  /**
   * Σ term_i of the last step that ran, of the trainable parameters. An update may leave there what
   * it made of them: LAMB its directions.
   */
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
