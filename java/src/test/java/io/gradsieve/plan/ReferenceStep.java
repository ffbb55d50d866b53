package io.gradsieve.plan;

import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.Value;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

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
  final ReferenceMemory memory;
  final Batch batch;
  final double[] loss;
  final double[] crossEntropy;
  final double[] el2n;
  final double[] margin;
  final double[][] logits;
  double statisticsMomentum = -1;

  private final double[] gradients;
  private final double[] norm2;
  private final int[] offsets;
  private final int[] origins;
  private final Rounding rounding;
  private final Map<Integer, ReferenceBatchNorm> batchNorms = new HashMap<>();
  private final ReferencePass pass;
  private long branches;

  /** {@code weights} are the graph's parameters; running statistics in it move in training. */
  public ReferenceStep(StepPlan plan, double[] weights, Batch batch) {
    this(plan, weights, batch, Rounding.NONE);
  }

  /** A step whose stored values, gradients and statistics are rounded. */
  public ReferenceStep(StepPlan plan, double[] weights, Batch batch, Rounding rounding) {
    this.rounding = rounding;
    this.plan = plan;
    this.weights = weights;
    this.batch = batch;
    offsets = FlatParameters.offsets(plan.graph().parameters());
    origins = plan.graph().origins();
    gradients = new double[FlatParameters.trainable(plan.graph().parameters())];
    norm2 = new double[batch.size()];
    loss = new double[batch.size()];
    crossEntropy = new double[batch.size()];
    el2n = new double[batch.size()];
    margin = new double[batch.size()];
    logits = new double[batch.size()][];
    memory = new ReferenceMemory(plan);
    pass = new ReferencePass(this);
    findBatchNorms();
  }

  private void findBatchNorms() {
    List<Operation> all =
        plan.segments().stream().flatMap(segment -> segment.operations().stream()).toList();
    for (Operation statistics : all) {
      if (makesBatchValue(statistics)) {
        Operation normalize =
            all.stream()
                .filter(other -> other.inputs().contains(statistics.output()))
                .findFirst()
                .orElseThrow();
        batchNorms.put(statistics.output(), new ReferenceBatchNorm(this, statistics, normalize));
      }
    }
  }

  private boolean makesBatchValue(Operation operation) {
    return operation.output() >= 0 && plan.graph().value(operation.output()).ofBatch();
  }

  /** Replaces the layers' own momentum of running statistics; negative: their own. */
  public ReferenceStep statisticsMomentum(double momentum) {
    statisticsMomentum = momentum;
    return this;
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

  /** Σ term_i, of the trainable parameters one after the other, each in PyTorch's order. */
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

  /** The batch norm that has these statistics. */
  ReferenceBatchNorm batchNorm(int statistics) {
    return batchNorms.get(statistics);
  }

  /** Where a parameter begins in the weights. */
  int offset(int parameter) {
    return offsets[parameter];
  }

  /** Forward, and backward if the plan has one. */
  public ReferenceStep run() {
    forward();
    if (plan.backward()) {
      backward(IntStream.range(0, batch.size()).toArray());
    }
    return this;
  }

  /** All segments forward. */
  public void forward() {
    plan.segments().forEach(this::forward);
  }

  /** A segment of the plan forward, after those before it. */
  public void forward(Segment segment) {
    blocks(segment, false, IntStream.range(0, batch.size()).toArray());
    for (Operation operation : segment.operations()) {
      if (makesBatchValue(operation)) {
        batchNorm(operation.output()).measure();
      }
    }
  }

  /** All segments backward, of some of the samples that went forward. */
  public void backward(int[] samples) {
    for (int s = plan.segments().size() - 1; s >= 0; s--) {
      backward(plan.segments().get(s), samples);
    }
  }

  /** A segment of the plan backward, after those behind it. */
  public void backward(Segment segment, int[] samples) {
    blocks(segment, true, samples);
    for (Operation operation : segment.operations()) {
      for (int value : operation.inputs()) {
        if (plan.graph().value(value).ofBatch()) {
          batchNorm(value).finishSums();
        }
      }
      if (operation.product()) {
        checkWholeBatch(operation, samples);
      }
    }
  }

  private void blocks(Segment segment, boolean backward, int[] samples) {
    for (int from = 0; from < samples.length; from += segment.block()) {
      int to = Math.min(samples.length, from + segment.block());
      int[] block = Arrays.copyOfRange(samples, from, to);
      memory.block(block[0], block[block.length - 1] + 1 - block[0]);
      if (backward) {
        forward(segment.operations().subList(0, segment.recompute()), block);
        List<Operation> operations = segment.operations();
        for (int o = operations.size() - 1; o >= 0; o--) {
          for (int i : block) {
            pass.backward(operations.get(o), i);
          }
        }
      } else {
        forward(segment.operations(), block);
      }
    }
  }

  private void forward(List<Operation> operations, int[] block) {
    for (Operation operation : operations) {
      for (int i : block) {
        pass.forward(operation, i);
      }
    }
  }

  /** A product's weight gradient is formed from the whole batch at the end of the segment. */
  private void checkWholeBatch(Operation operation, int[] samples) {
    for (int i : samples) {
      value(operation.inputs().get(0), i);
      gradient(operation.output(), i);
    }
  }

  /** A sample's numbers, [T][C]; features of a flattened image in PyTorch's order. */
  double[] value(int value, int sample) {
    return seen(value, memory.read(origins[value], false, sample));
  }

  void setValue(int value, int sample, double[] values) {
    memory.write(value, false, sample, rounded(values, sample));
  }

  /** Stores bytes, which no rounding changes. */
  void setBytes(int value, int sample, double[] bytes) {
    memory.write(value, false, sample, bytes);
  }

  double[] gradient(int value, int sample) {
    return seen(value, memory.read(origins[value], true, sample));
  }

  void setGradient(int value, int sample, double[] values) {
    double[] own = origins[value] == value ? values : permuted(origins[value], values, false);
    memory.write(origins[value], true, sample, rounded(own, sample));
  }

  private double[] seen(int value, double[] ofOrigin) {
    return origins[value] == value ? ofOrigin : permuted(origins[value], ofOrigin, true);
  }

  /** Between [T][C] and features, where channel c of position t is feature c·T + t. */
  private double[] permuted(int origin, double[] values, boolean toFeatures) {
    Value shape = plan.graph().value(origin);
    double[] permuted = new double[values.length];
    for (int e = 0; e < values.length; e++) {
      int feature = e % shape.channels() * shape.positions() + e / shape.channels();
      permuted[toFeatures ? feature : e] = values[toFeatures ? e : feature];
    }
    return permuted;
  }

  /** Adds one sample's gradient of a parameter to the batch's and to the sample's norm. */
  void addParameter(int parameter, int sample, double[] values) {
    for (int i = 0; i < values.length; i++) {
      gradients[offsets[parameter] + i] += values[i];
      norm2[sample] += values[i] * values[i];
    }
  }
}
