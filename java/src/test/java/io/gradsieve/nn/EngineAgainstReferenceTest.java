package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.DirectSamples;
import io.gradsieve.backend.StepInput;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.Kind;
import io.gradsieve.nn.layer.Conv2d;
import io.gradsieve.nn.layer.Flatten;
import io.gradsieve.nn.layer.Linear;
import io.gradsieve.nn.layer.Pool2d;
import io.gradsieve.plan.ReferenceStep;
import io.gradsieve.plan.Rounding;
import io.gradsieve.plan.UpdateRule;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/**
 * Random networks on the CPU against the same plan in double precision: dropout, weights and label
 * smoothing included. How far float32 may be off depends on the network: layer norm of two nearly
 * equal values, or batch norm of five samples, blows roundings up by up to 1/√eps. So the same plan
 * is run again with roundings to float32, and what those do is the measure of what the engine's may
 * do.
 */
class EngineAgainstReferenceTest {
  private static final int NETWORKS = 200;

  /** Sums of a few hundred float32 products, relative to the largest value of their kind. */
  private static final double TOLERANCE = 2e-6;

  /** Runs of the reference with roundings. */
  private static final int REPLAYS = 8;

  /**
   * A kernel rounds each product and partial sum, a replay only what is stored; measured: at most
   * 4.5 times a replay's with fused multiply-add, 12 times without.
   */
  private static final double ROUNDINGS = 16;

  /**
   * Comparisons, of 7 a network, whose numbers are nothing but roundings, such as the gradient
   * behind three batch norms of a constant.
   */
  private static final int MEANINGLESS = 8;

  @Test
  void theEngineComputesWhatThePlanSays() {
    int meaningless = 0;
    for (long seed = 1; seed <= NETWORKS; seed++) {
      NetworkSpec spec = RandomNetworks.of(seed);
      try {
        meaningless += compare(spec, seed, seed % 3 != 0);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + "\n" + spec.toYaml() + e.getMessage(), e);
      }
    }
    assertThat(meaningless).isLessThanOrEqualTo(MEANINGLESS);
  }

  /** What the pool makes of the convolution is gone when backward comes: nothing needs it. */
  @Test
  void aPooledConvolutionThatNoActivationFollowsNeedsNoResult() {
    NetworkSpec spec =
        NetworkSpec.of(
            List.of(2, 9, 8),
            List.of(
                new Conv2d(5, 3, 3, 1, 1, true),
                new Pool2d(Kind.Pool.MAX, 2),
                new Pool2d(Kind.Pool.AVERAGE, 2),
                new Flatten(),
                new Linear(3, true)));
    assertThat(compare(spec, 1, true)).isZero();
  }

  /** The comparisons that were meaningless. */
  private static int compare(NetworkSpec spec, long seed, boolean training) {
    RandomCase c = new RandomCase(spec, seed, training);
    try (Backend backend = Backends.open(DeviceName.CPU, 1 + (int) (seed % 3));
        Network network = Network.create(spec, backend::parameters, seed)) {
      float[] weights = new float[c.weights.length];
      double[] rounded = new double[weights.length];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = (float) c.weights[i];
        rounded[i] = weights[i];
      }
      FlatParameters.write(network.weights(), weights);
      ReferenceStep reference = c.run(rounded, true, RandomCase.SIZE);
      List<ReferenceStep> replays = new ArrayList<>();
      for (int replay = 0; replay < REPLAYS; replay++) {
        replays.add(c.run(rounded, true, RandomCase.SIZE, Rounding.float32(seed, replay)));
      }
      try (CompiledStep step =
              backend.compile(
                  backend.plan(network.graph(0.1, false), RandomCase.SIZE, true, true),
                  network.weights(),
                  Optional.of(new UpdateRule.Sgd(0, false, 0)));
          StepInput input = samples(c.batch).input(step)) {
        fill(input, c.batch);
        step.begin(
            input,
            RandomCase.SIZE,
            training ? Mode.TRAINING : Mode.EVALUATION,
            c.batch.seed(),
            c.batch.epoch(),
            -1);
        step.forward();
        step.backward();
        double norm2 = step.await();
        Comparison comparison = new Comparison(reference, replays);
        StepRecords records = step.records();
        comparison.of("loss", records.loss(), ReferenceStep::loss);
        comparison.of("cross-entropy", records.crossEntropy(), ReferenceStep::crossEntropy);
        comparison.of("el2n", records.el2n(), ReferenceStep::el2n);
        comparison.of("margin", records.margin(), ReferenceStep::margin);
        comparison.of("squared grad_norm", records.squaredNorm(), ReferenceStep::squaredNorm);
        FloatBuffer gradients = FloatBuffer.wrap(FlatParameters.read(step.gradients()));
        comparison.of("gradient", gradients, ReferenceStep::gradients);
        comparison.of(
            "squared norm of the batch gradient",
            FloatBuffer.wrap(new float[] {(float) norm2}),
            run -> new double[] {Arrays.stream(run.gradients()).map(g -> g * g).sum()});
        return comparison.meaningless;
      }
    }
  }

  /** An engine's numbers beside the reference's, as near as the replays say. */
  private static final class Comparison {
    private final ReferenceStep reference;
    private final List<ReferenceStep> replays;
    private int meaningless;

    Comparison(ReferenceStep reference, List<ReferenceStep> replays) {
      this.reference = reference;
      this.replays = replays;
    }

    void of(String what, FloatBuffer actual, Function<ReferenceStep, double[]> values) {
      double[] expected = values.apply(reference);
      double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
      double rounding = 0;
      for (ReferenceStep replay : replays) {
        double[] rounded = values.apply(replay);
        for (int i = 0; i < expected.length; i++) {
          rounding = Math.max(rounding, Math.abs(rounded[i] - expected[i]));
        }
      }
      if (rounding > largest / 2) {
        meaningless++;
        return;
      }
      for (int i = 0; i < expected.length; i++) {
        assertThat((double) actual.get(i))
            .as("%s %d (roundings alone move them by %g)", what, i, rounding)
            .isCloseTo(expected[i], within(TOLERANCE * largest + ROUNDINGS * rounding));
      }
    }
  }

  private static DirectSamples samples(ReferenceStep.Batch batch) {
    float[] inputs = new float[batch.inputs().length];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = (float) batch.inputs()[i];
    }
    return DirectSamples.of(batch.size(), inputs);
  }

  private static void fill(StepInput input, ReferenceStep.Batch batch) {
    for (int i = 0; i < batch.size(); i++) {
      input.labels().put(i, batch.labels()[i]);
      input.ids().put(i, batch.ids()[i]);
      input.planWeights().put(i, (float) batch.planWeights()[i]);
      input.sampleWeights().put(i, (float) batch.sampleWeights()[i]);
    }
  }
}
