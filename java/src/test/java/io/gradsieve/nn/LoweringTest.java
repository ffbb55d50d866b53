package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.nn.RandomCase.Target;
import io.gradsieve.plan.ReferenceStep;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Plans run in the reference, which fails on any use of memory that another tensor has taken. */
class LoweringTest {
  private static final int BATCH = RandomCase.SIZE;

  /** Networks a test tries; each failure names its seed. */
  private static final int NETWORKS = 150;

  /** What the roundings of double precision, divided by a step of 1e-6, leave of the slope. */
  private static final double DIFFERENCE_TOLERANCE = 2e-6;

  @ParameterizedTest
  @EnumSource(Target.class)
  void theGradientOfAnyNetworkIsTheSlopeOfItsWeightedLoss(Target target) {
    for (long seed = 1; seed <= NETWORKS; seed++) {
      NetworkSpec spec = RandomNetworks.of(seed);
      boolean training = seed % 3 != 0;
      RandomCase c = new RandomCase(spec, seed, training, target);
      String description =
          "seed " + seed + (training ? " training " : " evaluation ") + spec.toYaml();
      try {
        ReferenceStep step = c.run(c.weights, true, BATCH);
        double[] direction = c.direction();
        double slope = 0;
        for (int i = 0; i < step.gradients().length; i++) {
          slope += step.gradients()[i] * direction[i];
        }
        assertThat(slope)
            .isCloseTo(
                difference(c, direction),
                within(DIFFERENCE_TOLERANCE * Math.max(1, Math.abs(slope))));
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(description + "\n" + e.getMessage(), e);
      }
    }
  }

  /**
   * The slope of the loss by central differences of steps h and h/2, extrapolated (Richardson). h
   * is 1e-6, or smaller where a relu or a maximum changes sides within it: the loss is smooth only
   * in between.
   */
  private static double difference(RandomCase c, double[] direction) {
    long branches = c.run(c.weights, false, BATCH).branches();
    for (double h = 1e-6; h >= 1e-8; h /= 2) {
      double[] differences = new double[2];
      boolean smooth = true;
      for (int halved = 0; halved < 2; halved++) {
        double step = h / (1 << halved);
        ReferenceStep up = c.run(c.moved(direction, step), false, BATCH);
        ReferenceStep down = c.run(c.moved(direction, -step), false, BATCH);
        smooth &= up.branches() == branches && down.branches() == branches;
        differences[halved] = (c.loss(up) - c.loss(down)) / (2 * step);
      }
      if (smooth) {
        return (4 * differences[1] - differences[0]) / 3;
      }
    }
    throw new AssertionError("a kink within a step of 1e-8");
  }

  @ParameterizedTest
  @EnumSource(Target.class)
  void inEvaluationASamplesNormIsThatOfItsOwnGradient(Target target) {
    for (long seed = 1; seed <= NETWORKS; seed++) {
      NetworkSpec spec = RandomNetworks.of(seed);
      RandomCase c = new RandomCase(spec, seed, false, target);
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

  @ParameterizedTest
  @EnumSource(Target.class)
  void aPlanWithoutBackwardGivesTheSameLogits(Target target) {
    for (long seed = 1; seed <= NETWORKS; seed++) {
      NetworkSpec spec = RandomNetworks.of(seed);
      RandomCase c = new RandomCase(spec, seed, seed % 2 == 0, target);
      double[][] with = c.run(c.weights, true, BATCH).logits();
      double[][] without = c.run(c.weights, false, BATCH).logits();
      assertThat(without).as("seed %d\n%s", seed, spec.toYaml()).isDeepEqualTo(with);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mlp", "cnn", "resnet20", "resnet20-gn"})
  void aBuiltInModelRunsInThePlacesOfItsPlan(String model) {
    for (Target target : Target.values()) {
      RandomCase c = new RandomCase(Models.of(model, 3, 8, 8, 4), 1, true, target);
      ReferenceStep step = c.run(c.weights, true, BATCH);
      assertThat(step.gradients()).doesNotContain(Double.NaN);
      assertThat(Arrays.stream(step.squaredNorm()).min().orElseThrow()).isPositive();
    }
  }
}
