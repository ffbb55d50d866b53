package io.gradsieve.nn;

import io.gradsieve.RandomBits;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.compile.Compiler;
import io.gradsieve.compile.WholeBatch;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.HeapParameters;
import io.gradsieve.plan.ReferenceStep;
import io.gradsieve.plan.Rounding;
import io.gradsieve.plan.StepPlan;
import java.util.Arrays;

/** A network with weights and a batch. */
final class RandomCase {
  /** Samples of the batch. */
  static final int SIZE = 5;

  /** Devices whose plans are tried. */
  enum Target {
    /** The CPU's: blocks of samples go through segments. */
    CPU,
    /** Operation by operation over the whole batch. */
    WHOLE_BATCH
  }

  final NetworkSpec spec;
  final Network network;

  /** All parameters, one after the other. */
  final double[] weights;

  final ReferenceStep.Batch batch;
  final RandomBits bits;
  private final Target target;

  RandomCase(NetworkSpec spec, long seed, boolean training) {
    this(spec, seed, training, Target.CPU);
  }

  RandomCase(NetworkSpec spec, long seed, boolean training, Target target) {
    this.spec = spec;
    this.target = target;
    network = Network.create(spec, HeapParameters::of, seed);
    bits = RandomBits.of(seed, "lowering", 0);
    float[] initial = FlatParameters.read(network.weights());
    weights = new double[initial.length];
    // Norms off one and zero, running variances positive.
    Arrays.setAll(weights, i -> initial[i] + 0.3 * bits.uniform(i));
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

  StepPlan plan(int capacity, boolean backward) {
    Graph graph = network.graph(0.1, false);
    if (target == Target.WHOLE_BATCH) {
      return Compiler.plan(graph, new WholeBatch(graph), capacity, backward, true);
    }
    try (Backend backend = Backends.open(DeviceName.CPU, 1)) {
      return backend.plan(graph, capacity, backward, true);
    }
  }

  ReferenceStep run(double[] at, boolean backward, int capacity) {
    return run(at, backward, capacity, Rounding.NONE);
  }

  ReferenceStep run(double[] at, boolean backward, int capacity, Rounding rounding) {
    return new ReferenceStep(plan(capacity, backward), at.clone(), batch, rounding).run();
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
    return new ReferenceStep(plan(3, true), weights.clone(), one).run();
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

  /** Of the trainable parameters. */
  double[] direction() {
    double[] direction = new double[FlatParameters.trainable(network.parameters().list())];
    Arrays.setAll(direction, i -> 2 * bits.at(3).uniform(i) - 1);
    return direction;
  }
}
