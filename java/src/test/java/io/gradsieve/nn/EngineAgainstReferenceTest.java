package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.StepInput;
import io.gradsieve.plan.ReferenceStep;
import io.gradsieve.plan.UpdateRule;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Random networks on the CPU against the same plan in double precision: dropout, weights and label
 * smoothing included.
 */
class EngineAgainstReferenceTest {
  private static final int NETWORKS = 200;

  /**
   * float32 through up to twenty layers, where layer norm of two values or batch norm of five
   * samples may amplify roundings.
   */
  private static final double TOLERANCE = 2e-4;

  /**
   * Norms of values that vary less than this inverse deviation says are left out: they blow up
   * roundings.
   */
  private static final double LARGEST_INVERSE = 20;

  @Test
  void theEngineComputesWhatThePlanSays() {
    int compared = 0;
    for (long seed = 1; seed <= NETWORKS; seed++) {
      NetworkSpec spec = RandomNetworks.of(seed);
      try {
        compared += compare(spec, seed, seed % 3 != 0) ? 1 : 0;
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + "\n" + spec.toYaml() + e.getMessage(), e);
      }
    }
    assertThat(compared).as("networks compared").isGreaterThan(NETWORKS / 2);
  }

  private static boolean compare(NetworkSpec spec, long seed, boolean training) {
    RandomCase c = new RandomCase(spec, seed, training);
    try (Backend backend = Backends.open("cpu", 1 + (int) (seed % 3));
        Network network = Network.create(spec, backend, seed)) {
      float[] weights = new float[c.weights.length];
      double[] rounded = new double[weights.length];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = (float) c.weights[i];
        rounded[i] = weights[i];
      }
      network.weights().write(0, weights);
      ReferenceStep reference = c.run(rounded, true, RandomCase.SIZE);
      if (reference.largestInverse() > LARGEST_INVERSE) {
        return false;
      }
      try (CompiledStep step =
              backend.compile(
                  network.plan(RandomCase.SIZE, true, true, 0.1, false),
                  network.weights(),
                  Optional.of(new UpdateRule.Sgd(0, false, 0)));
          StepInput input = step.newInput()) {
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
        compare(step, reference);
        double expected = 0;
        for (double g : reference.gradients()) {
          expected += g * g;
        }
        assertThat(Math.sqrt(norm2))
            .as("batch gradient")
            .isCloseTo(Math.sqrt(expected), within(TOLERANCE * Math.sqrt(expected)));
        return true;
      }
    }
  }

  private static void compare(CompiledStep step, ReferenceStep reference) {
    for (int i = 0; i < RandomCase.SIZE; i++) {
      close("loss " + i, step.records().loss().get(i), reference.loss()[i]);
      close(
          "cross-entropy " + i, step.records().crossEntropy().get(i), reference.crossEntropy()[i]);
      close("el2n " + i, step.records().el2n().get(i), reference.el2n()[i]);
      close("margin " + i, step.records().margin().get(i), reference.margin()[i]);
      close(
          "grad_norm " + i,
          Math.sqrt(step.records().squaredNorm().get(i)),
          Math.sqrt(reference.squaredNorm()[i]));
    }
    double[] expected = reference.gradients();
    float[] gradients = new float[expected.length];
    step.gradients().read(0, gradients);
    double largest = 0;
    for (double g : expected) {
      largest = Math.max(largest, Math.abs(g));
    }
    for (int i = 0; i < gradients.length; i++) {
      assertThat((double) gradients[i])
          .as("gradient %d", i)
          .isCloseTo(expected[i], within(TOLERANCE * largest));
    }
  }

  private static void close(String what, double actual, double expected) {
    assertThat(actual).as(what).isCloseTo(expected, within(TOLERANCE * Math.max(0.1, expected)));
  }

  private static void fill(StepInput input, ReferenceStep.Batch batch) {
    for (int i = 0; i < batch.inputs().length; i++) {
      input.inputs().asFloatBuffer().put(i, (float) batch.inputs()[i]);
    }
    for (int i = 0; i < batch.size(); i++) {
      input.labels().put(i, batch.labels()[i]);
      input.ids().put(i, batch.ids()[i]);
      input.planWeights().put(i, (float) batch.planWeights()[i]);
      input.sampleWeights().put(i, (float) batch.sampleWeights()[i]);
    }
  }
}
