package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.RandomBits;
import io.gradsieve.plan.ReferenceStep;
import io.gradsieve.plan.StepPlan;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Plans run in the reference, which fails on any use of memory that another tensor has taken. */
class LoweringTest {
  private static final int BATCH = 5;

  /** Networks a test tries; each failure names its seed. */
  private static final int NETWORKS = 150;

  /**
   * Central differences in double precision are good to about 1e-8 at the best of these steps;
   * kinks of relu and max are rare.
   */
  private static final double DIFFERENCE_TOLERANCE = 2e-6;

  private static final double[] STEPS = {1e-6, 1e-5, 1e-7, 1e-8};

  @Test
  void theGradientOfAnyNetworkIsTheSlopeOfItsWeightedLoss() {
    for (long seed = 1; seed <= NETWORKS; seed++) {
      NetworkSpec spec = RandomNetworks.of(seed);
      boolean training = seed % 3 != 0;
      Case c = new Case(spec, seed, training);
      String description =
          "seed " + seed + (training ? " training " : " evaluation ") + spec.toYaml();
      try {
        ReferenceStep step = c.run(c.weights, true, BATCH);
        double[] direction = c.direction();
        double slope = 0;
        for (int i = 0; i < step.gradients().length; i++) {
          slope += step.gradients()[i] * direction[i];
        }
        double nearest = Double.NaN;
        for (double h : STEPS) {
          double difference =
              (c.loss(c.moved(direction, h)) - c.loss(c.moved(direction, -h))) / (2 * h);
          if (!(Math.abs(difference - slope) >= Math.abs(nearest - slope))) {
            nearest = difference;
          }
        }
        assertThat(slope)
            .isCloseTo(nearest, within(DIFFERENCE_TOLERANCE * Math.max(1, Math.abs(slope))));
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(description + "\n" + e.getMessage(), e);
      }
    }
  }

  @Test
  void padLanesOfParametersGetNoGradient() {
    for (long seed = 1; seed <= NETWORKS; seed++) {
      NetworkSpec spec = RandomNetworks.of(seed);
      Case c = new Case(spec, seed, true);
      double[] gradients = c.run(c.weights, true, BATCH).gradients();
      double[] used = c.mask();
      for (int i = 0; i < gradients.length; i++) {
        if (used[i] == 0) {
          assertThat(gradients[i]).as("seed %d, float %d\n%s", seed, i, spec.toYaml()).isZero();
        }
      }
    }
  }

  @Test
  void inEvaluationASamplesNormIsThatOfItsOwnGradient() {
    for (long seed = 1; seed <= NETWORKS; seed++) {
      NetworkSpec spec = RandomNetworks.of(seed);
      Case c = new Case(spec, seed, false);
      ReferenceStep together = c.run(c.weights, true, BATCH);
      for (int i = 0; i < BATCH; i++) {
        double[] alone = c.runOne(i).gradients();
        double norm2 = Arrays.stream(alone).map(g -> g * g).sum();
        assertThat(together.squaredNorm()[i])
            .as("seed %d, sample %d\n%s", seed, i, spec.toYaml())
            .isCloseTo(norm2, within(1e-9 * Math.max(1e-6, norm2)));
      }
    }
  }

  @Test
  void aPlanWithoutBackwardGivesTheSameLogits() {
    for (long seed = 1; seed <= NETWORKS; seed++) {
      NetworkSpec spec = RandomNetworks.of(seed);
      Case c = new Case(spec, seed, seed % 2 == 0);
      double[][] with = c.run(c.weights, true, BATCH).logits();
      double[][] without = c.run(c.weights, false, BATCH).logits();
      assertThat(without).as("seed %d\n%s", seed, spec.toYaml()).isDeepEqualTo(with);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mlp", "cnn", "resnet20", "resnet20-gn"})
  void aBuiltInModelRunsInThePlacesOfItsPlan(String model) {
    Case c = new Case(Models.of(model, 3, 8, 8, 4), 1, true);
    ReferenceStep step = c.run(c.weights, true, BATCH);
    assertThat(step.gradients()).doesNotContain(Double.NaN);
    assertThat(Arrays.stream(step.squaredNorm()).min().orElseThrow()).isPositive();
  }

  /** A network with weights and a batch. */
  private static final class Case {
    private final NetworkSpec spec;
    private final Network network;
    private final double[] weights;
    private final ReferenceStep.Batch batch;
    private final RandomBits bits;

    Case(NetworkSpec spec, long seed, boolean training) {
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
      double[] values = new double[BATCH * inputs];
      Arrays.setAll(values, i -> 2 * bits.at(1).uniform(i) - 1);
      int[] labels = new int[BATCH];
      Arrays.setAll(labels, i -> bits.at(2).below(i, spec.outputs()));
      long[] ids = {7, 3, 1_000_000_007L, 0, 4};
      double[] plan = {1, 0.5, 2, 1.25, 1};
      double[] sample = {1, 2, 0.25, 1, 3};
      batch = new ReferenceStep.Batch(values, labels, ids, plan, sample, training, seed, 2);
    }

    ReferenceStep run(double[] at, boolean backward, int capacity) {
      StepPlan plan = network.plan(capacity, backward, true, 0.1, false);
      return new ReferenceStep(plan, at.clone(), batch).run();
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

    double loss(double[] at) {
      double[] losses = run(at, false, BATCH).loss();
      double sum = 0;
      for (int i = 0; i < losses.length; i++) {
        sum += batch.planWeights()[i] * losses[i];
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
}
