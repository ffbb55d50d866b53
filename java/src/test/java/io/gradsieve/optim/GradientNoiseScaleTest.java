package io.gradsieve.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.RandomBits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GradientNoiseScaleTest {
  private static final int DIMENSIONS = 5;

  /** A gradient of mean 1 in each dimension and variance 4²/12 = 4/3. */
  private static double[] gradient(RandomBits random, long sample) {
    double[] gradient = new double[DIMENSIONS];
    for (int d = 0; d < DIMENSIONS; d++) {
      gradient[d] = 1 + 4 * (random.at(sample).uniform(d) - 0.5);
    }
    return gradient;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 8, 64})
  void theEstimateIsThatOfTheDistributionWhateverTheBatch(int batch) {
    RandomBits random = RandomBits.of(1, "noise", batch);
    GradientNoiseScale noise = new GradientNoiseScale();
    double meanWeight = 2;
    int steps = 400_000 / batch;
    for (int step = 0; step < steps; step++) {
      double[] sum = new double[DIMENSIONS];
      double squares = 0;
      for (int i = 0; i < batch; i++) {
        double[] gradient = gradient(random, (long) step * batch + i);
        for (int d = 0; d < DIMENSIONS; d++) {
          double term = meanWeight * gradient[d];
          sum[d] += term;
          squares += term * term;
        }
      }
      double gradient2 = 0;
      for (double value : sum) {
        gradient2 += value * value;
      }
      noise.add(batch, squares, gradient2, meanWeight);
    }
    // tr Σ / ‖∇‖² = (5 · 4/3) / 5; pairs know ‖∇‖² with an error of 0.2 %, tr Σ with less.
    assertThat(noise.sums().scale().orElseThrow()).isEqualTo(4.0 / 3, within(0.015));
  }

  @Test
  void stepsOfOneSampleSayNothing() {
    GradientNoiseScale noise = new GradientNoiseScale();
    noise.add(1, 5, 5, 1);
    assertThat(noise.sums().scale()).isEmpty();
  }

  @Test
  void gradientsThatCancelHaveNoScale() {
    GradientNoiseScale noise = new GradientNoiseScale();
    noise.add(2, 8, 0, 1);
    assertThat(noise.sums().scale()).isEmpty();
  }

  @Test
  void itGoesOnFromItsSums() {
    GradientNoiseScale noise = new GradientNoiseScale();
    noise.add(2, 4, 6, 1);
    GradientNoiseScale other = new GradientNoiseScale();
    other.set(noise.sums());
    noise.add(3, 5, 7, 1);
    other.add(3, 5, 7, 1);
    assertThat(other.sums()).isEqualTo(noise.sums());
    other.set(GradientNoiseScale.Sums.NONE);
    assertThat(other.sums().scale()).isEmpty();
  }
}
