package io.gradsieve.backend.reference;

import io.gradsieve.GradsieveException.Diverged;
import io.gradsieve.backend.CompiledStep.Choice;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.HeapParameters;
import io.gradsieve.graph.Parameter;
import io.gradsieve.plan.ReferenceStep;
import io.gradsieve.plan.Segment;
import io.gradsieve.plan.StepPlan;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** One step under way, from its begin to the verdict on it. */
final class ReferenceRun {
  private final StepPlan plan;
  private final HeapParameters weights;
  private final double[] values;
  private final ReferenceStep.Batch batch;
  private final ReferenceStep step;
  private final ReferenceRecords records;
  private final boolean lost;
  private int[] samples;
  private boolean settled;
  private double squaredNorm;
  private Optional<String> divergence = Optional.empty();

  /** A step over a batch; its results go to {@code records}. */
  ReferenceRun(
      StepPlan plan,
      HeapParameters weights,
      ReferenceStep.Batch batch,
      double statisticsMomentum,
      ReferenceRecords records,
      Optional<String> divergedBefore) {
    this.plan = plan;
    this.weights = weights;
    this.batch = batch;
    this.records = records;
    float[] floats = FlatParameters.read(weights);
    values = new double[floats.length];
    Arrays.setAll(values, i -> floats[i]);
    step = new ReferenceStep(plan, values, batch).statisticsMomentum(statisticsMomentum);
    samples = IntStream.range(0, batch.size()).toArray();
    lost = divergedBefore.isPresent();
    divergence = divergedBefore;
    settled = lost;
    records.clear();
  }

  void forward(Segment segment) {
    if (!lost) {
      step.forward(segment);
    }
  }

  /** After all segments. */
  void endForward() {
    if (!lost) {
      records.forward(step, batch.labels());
    }
  }

  void choose(Choice by, int count, int[] ofClass) {
    ReferenceChoice.check(count, ofClass, batch.labels());
    if (!lost) {
      samples = ReferenceChoice.of(records, by, count, ofClass, batch.labels());
      records.choose(samples);
    }
  }

  void backward(Segment segment) {
    if (!lost) {
      step.backward(segment, samples);
    }
  }

  /** After all segments. */
  void endBackward(HeapParameters gradients) {
    if (lost) {
      return;
    }
    if (plan.norms()) {
      records.backward(step, samples);
    }
    double[] sum = step.gradients();
    float[] floats = new float[sum.length];
    for (int i = 0; i < sum.length; i++) {
      floats[i] = (float) sum[i];
    }
    FlatParameters.write(gradients, floats);
  }

  /**
   * Judges the step by what it has done so far, once; only if it is fine the running statistics
   * move.
   */
  void settle(HeapParameters gradients) {
    if (settled) {
      return;
    }
    settled = true;
    for (float g : plan.backward() ? FlatParameters.read(gradients) : new float[0]) {
      squaredNorm += (double) g * g;
    }
    if (!Double.isFinite(squaredNorm)) {
      divergence = Optional.of("the gradient of the batch is not finite");
    }
    judge(records.squaredNorm(), samples.length, "gradient norm");
    judge(records.loss(), batch.size(), "loss");
    if (divergence.isEmpty()) {
      writeStatistics();
    }
  }

  private void judge(FloatBuffer rows, int count, String what) {
    for (int i = count - 1; i >= 0; i--) {
      if (!Float.isFinite(rows.get(i))) {
        divergence = Optional.of("the %s of sample %d is not finite".formatted(what, i));
      }
    }
  }

  private void writeStatistics() {
    List<Parameter> parameters = weights.parameters();
    int[] offsets = FlatParameters.offsets(parameters);
    for (int p = 0; p < offsets.length; p++) {
      if (!parameters.get(p).trainable()) {
        float[] moved = new float[Math.toIntExact(parameters.get(p).elements())];
        for (int i = 0; i < moved.length; i++) {
          moved[i] = (float) values[offsets[p] + i];
        }
        weights.write(p, moved);
      }
    }
  }

  /** Why it diverged, once it is settled. */
  Optional<String> divergence() {
    return divergence;
  }

  /** Of the summed gradient. */
  double squaredNorm() {
    return squaredNorm;
  }

  /** The end of it for who waits. */
  double result() {
    if (divergence.isPresent()) {
      throw new Diverged(divergence.get());
    }
    return squaredNorm;
  }
}
