package io.gradsieve.plan;

import io.gradsieve.plan.Operation.Gradient;
import java.util.Arrays;
import java.util.List;

/**
 * Runs a plan in double precision as the header of the native library says, segment by segment and
 * block by block in the memory the plan gives, one sample at a time. The oracle for plans, and for
 * backends where PyTorch is not at hand.
 */
public final class ReferenceStep {
  /** Samples of one batch; inputs are [B][H][W][C] as the plan's input takes them. */
  public record Batch(
      double[] inputs,
      int[] labels,
      long[] ids,
      double[] planWeights,
      double[] sampleWeights,
      boolean training,
      long seed,
      int epoch) {
    public int size() {
      return labels.length;
    }

    /** Weights 1, ids 0..B-1. */
    public static Batch plain(double[] inputs, int[] labels, boolean training) {
      double[] ones = new double[labels.length];
      Arrays.fill(ones, 1);
      long[] ids = new long[labels.length];
      Arrays.setAll(ids, i -> i);
      return new Batch(inputs, labels, ids, ones, ones.clone(), training, 1, 0);
    }
  }

  final StepPlan plan;
  final double[] weights;
  final double[] gradients;
  final double[] norm2;
  final ReferenceMemory memory;
  final Batch batch;

  final double[] loss;
  final double[] crossEntropy;
  final double[] el2n;
  final double[] margin;
  final double[][] logits;

  private long branches;
  private final Rounding rounding;
  private final ReferenceBatchNorm[] norms;
  private final ReferencePass pass;

  /** {@code weights} is the plan's buffer of weights; running statistics in it move in training. */
  public ReferenceStep(StepPlan plan, double[] weights, Batch batch) {
    this(plan, weights, batch, Rounding.NONE);
  }

  /** A step whose stored values, gradients and statistics are rounded. */
  public ReferenceStep(StepPlan plan, double[] weights, Batch batch, Rounding rounding) {
    this.rounding = rounding;
    this.plan = plan;
    this.weights = weights;
    this.batch = batch;
    gradients = new double[Math.toIntExact(plan.trainable())];
    norm2 = new double[batch.size()];
    loss = new double[batch.size()];
    crossEntropy = new double[batch.size()];
    el2n = new double[batch.size()];
    margin = new double[batch.size()];
    logits = new double[batch.size()][];
    memory = new ReferenceMemory(plan);
    norms = ReferenceBatchNorm.of(plan);
    pass = new ReferencePass(this);
  }

  /** u_i · cross-entropy with label smoothing, [B]. */
  public double[] loss() {
    return loss;
  }

  public double[] crossEntropy() {
    return crossEntropy;
  }

  public double[] el2n() {
    return el2n;
  }

  public double[] margin() {
    return margin;
  }

  /** [B][K]. */
  public double[][] logits() {
    return logits;
  }

  /** ‖term_i‖², [B]. */
  public double[] squaredNorm() {
    return norm2;
  }

  /** Σ term_i, laid out as the weights. */
  public double[] gradients() {
    return gradients;
  }

  /**
   * Which side of its kink each relu and each maximum took, in one number: between weights of equal
   * branches the loss is smooth. Only runs of one plan compare: its backward pass may recompute.
   */
  public long branches() {
    return branches;
  }

  void tookBranch(int side) {
    branches = branches * 0x9E3779B97F4A7C15L + side + 1;
  }

  double roundedStatistic(double value) {
    return rounding.round(value, batch.size());
  }

  private double[] rounded(double[] values, int sample) {
    double[] rounded = new double[values.length];
    Arrays.setAll(rounded, i -> rounding.round(values[i], sample));
    return rounded;
  }

  ReferenceBatchNorm norm(int normalizer) {
    return norms[normalizer];
  }

  /** Forward, and backward if the plan has one. */
  public ReferenceStep run() {
    List<Segment> segments = plan.segments();
    for (Segment segment : segments) {
      blocks(segment, false);
      for (Operation operation : segment.operations()) {
        if (operation instanceof Normalization.BatchNormStatistics s) {
          norm(s.normalizer()).measure(this, s);
        }
      }
    }
    if (plan.backward()) {
      for (int s = segments.size() - 1; s >= 0; s--) {
        blocks(segments.get(s), true);
        for (Operation operation : segments.get(s).operations()) {
          if (operation instanceof Normalization.BatchNormNormalize n) {
            norm(n.normalizer()).finishSums(this);
          }
          if (operation instanceof Operation.Linear linear) {
            checkWholeBatch(linear);
          }
        }
      }
    }
    return this;
  }

  private void blocks(Segment segment, boolean backward) {
    for (int from = 0; from < batch.size(); from += segment.block()) {
      int to = Math.min(batch.size(), from + segment.block());
      memory.block(from, to - from);
      if (backward) {
        forward(segment.operations().subList(0, segment.recompute()), from, to);
        List<Operation> operations = segment.operations();
        for (int o = operations.size() - 1; o >= 0; o--) {
          for (int i = from; i < to; i++) {
            pass.backward(operations.get(o), i);
          }
        }
      } else {
        forward(segment.operations(), from, to);
      }
    }
  }

  private void forward(List<Operation> operations, int from, int to) {
    for (Operation operation : operations) {
      for (int i = from; i < to; i++) {
        pass.forward(operation, i);
      }
    }
  }

  /**
   * Backends form a linear layer's weight gradient from the whole batch at the end of the segment.
   */
  private void checkWholeBatch(Operation.Linear linear) {
    for (int i = 0; i < batch.size(); i++) {
      memory.read(linear.in(), false, i);
      memory.read(linear.out(), true, i);
    }
  }

  PlanTensor tensor(int number) {
    return plan.tensors().get(number);
  }

  double[] value(int tensor, int sample) {
    return memory.read(tensor, false, sample);
  }

  void setValue(int tensor, int sample, double[] values) {
    PlanTensor t = tensor(tensor);
    for (int i = 0; i < values.length; i++) {
      if (i % t.pitch() >= t.channels() && values[i] != 0) {
        throw new AssertionError("tensor " + tensor + " has " + values[i] + " in a pad lane");
      }
    }
    memory.write(tensor, false, sample, rounded(values, sample));
  }

  /** Stores bytes, which {@link ReferenceKernels#packed} made numbers of. */
  void setBytes(int tensor, int sample, double[] packed) {
    memory.write(tensor, false, sample, packed);
  }

  double[] gradient(int tensor, int sample) {
    return memory.read(tensor, true, sample);
  }

  void setGradient(int tensor, int sample, double[] values) {
    memory.write(tensor, true, sample, rounded(values, sample));
  }

  /** Stores or adds a gradient of an input. */
  void passGradient(int tensor, int sample, Gradient gradient, double[] values) {
    switch (gradient) {
      case NONE -> {}
      case STORE -> setGradient(tensor, sample, values);
      case ADD -> {
        double[] sum = gradient(tensor, sample);
        for (int i = 0; i < sum.length; i++) {
          sum[i] += values[i];
        }
        setGradient(tensor, sample, sum);
      }
    }
  }

  /** Adds one sample's gradient of a parameter to the batch's and to the sample's norm. */
  void addParameter(long offset, int sample, double[] values) {
    for (int i = 0; i < values.length; i++) {
      gradients[(int) offset + i] += values[i];
      norm2[sample] += values[i] * values[i];
    }
  }
}
