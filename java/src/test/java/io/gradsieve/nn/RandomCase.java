package io.gradsieve.nn;

import io.gradsieve.RandomBits;
import io.gradsieve.plan.ReferenceStep;
import io.gradsieve.plan.Rounding;
import io.gradsieve.plan.StepPlan;
import java.util.Arrays;

/** A network with weights and a batch. */
final class RandomCase {
  /** Samples of the batch. */
  static final int SIZE = 5;

  final NetworkSpec spec;
  final Network network;
  final double[] weights;
  final ReferenceStep.Batch batch;
  final RandomBits bits;

  RandomCase(NetworkSpec spec, long seed, boolean training) {
    this.spec = spec;
    network = Network.create(spec, new HeapBackend(), seed);
    bits = RandomBits.of(seed, "lowering", 0);
    double[] used = new double[Math.toIntExact(network.weights().bytes() / Float.BYTES)];
    float[] initial = new float[used.length];
    network.weights().read(0, initial);
    double[] mask = maskAll();
    for (int i = 0; i < used.length; i++) {
      // Norms off one and zero, running variances positive.
      used[i] = initial[i] + mask[i] * 0.3 * bits.uniform(i);
    }
    weights = used;
    int inputs = spec.inputs();
    double[] values = new double[SIZE * inputs];
    // Values that a float holds exactly, so that the engine gets the same.
    Arrays.setAll(values, i -> (float) (2 * bits.at(1).uniform(i) - 1));
    int[] labels = new int[SIZE];
    Arrays.setAll(labels, i -> bits.at(2).below(i, spec.outputs()));
    long[] ids = {7, 3, 1_000_000_007L, 0, 4};
    double[] plan = {1, 0.5, 2, 1.25, 1};
    double[] sample = {1, 2, 0.25, 1, 3};
    batch = new ReferenceStep.Batch(values, labels, ids, plan, sample, training, seed, 2);
  }

  ReferenceStep run(double[] at, boolean backward, int capacity) {
    return run(at, backward, capacity, Rounding.NONE);
  }

  ReferenceStep run(double[] at, boolean backward, int capacity, Rounding rounding) {
    StepPlan plan = network.plan(capacity, backward, true, 0.1, false);
    return new ReferenceStep(plan, at.clone(), batch, rounding).run();
  }

  ReferenceStep runOne(int i) {
    double[] values =
        Arrays.copyOfRange(batch.inputs(), i * spec.inputs(), (i + 1) * spec.inputs());
    ReferenceStep.Batch one =
        new ReferenceStep.Batch(
            values,
            new int[] {batch.labels()[i]},
            new long[] {batch.ids()[i]},
            new double[] {batch.planWeights()[i]},
            new double[] {batch.sampleWeights()[i]},
            batch.training(),
            batch.seed(),
            batch.epoch());
    return new ReferenceStep(network.plan(3, true, true, 0.1, false), weights.clone(), one).run();
  }

  /** Σ w_i ℓ_i of a step. */
  double loss(ReferenceStep step) {
    double sum = 0;
    for (int i = 0; i < SIZE; i++) {
      sum += batch.planWeights()[i] * step.loss()[i];
    }
    return sum;
  }

  double[] moved(double[] direction, double h) {
    double[] at = weights.clone();
    for (int i = 0; i < direction.length; i++) {
      at[i] += h * direction[i];
    }
    return at;
  }

  double[] direction() {
    double[] direction = mask();
    for (int i = 0; i < direction.length; i++) {
      direction[i] *= 2 * bits.at(3).uniform(i) - 1;
    }
    return direction;
  }

  /** 1 where a trainable float is an element. */
  double[] mask() {
    return Arrays.copyOf(maskAll(), Math.toIntExact(network.parameters().layout().trainable()));
  }

  private double[] maskAll() {
    double[] mask = new double[Math.toIntExact(network.parameters().layout().floats())];
    for (Parameter p : network.parameters().layout().parameters()) {
      float[] ones = new float[Math.toIntExact(p.elements())];
      Arrays.fill(ones, 1);
      float[] inside = p.map().inside(ones);
      for (int i = 0; i < inside.length; i++) {
        mask[Math.toIntExact(p.offset()) + i] = inside[i];
      }
    }
    return mask;
  }
}
