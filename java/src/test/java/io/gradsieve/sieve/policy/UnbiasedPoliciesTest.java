package io.gradsieve.sieve.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What an unbiased policy promises: on average over its draws an epoch's gradient is that of the
 * full data.
 */
class UnbiasedPoliciesTest {
  private static final int N = 60;
  private static final int DIMENSIONS = 3;
  private static final int DRAWS = 20_000;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "random:keep=0.3",
        "soft:r=0.7,until=1",
        "variance:keep=0.5",
        "variance:keep=0.25,floor=0.2",
        "variance:keep=0.5,floor=0",
        "variance:keep=0.5,floor=0.5",
        "variance:keep=0.9,floor=0.05",
        "importance:keep=0.5",
        "importance:keep=0.3,lambda=0.05",
        "importance:keep=0.5,lambda=1"
      })
  void theExpectedStepIsThatOfTheFullDataWithinTheDrawsOwnError(String spec) {
    double[][] gradients = gradients();
    checkExpectedStep(spec, gradients, norms(gradients));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"variance:keep=0.5", "variance:keep=0.3,unscored=mean", "importance:keep=0.6"})
  void norDoSamplesThatWereNeverScoredChangeIt(String spec) {
    double[][] gradients = gradients();
    float[] norms = norms(gradients);
    for (int i = 0; i < N; i += 4) {
      norms[i] = Float.NaN;
    }
    checkExpectedStep(spec, gradients, norms);
  }

  private static void checkExpectedStep(String spec, double[][] gradients, float[] scores) {
    ScoreTable table = Tables.ofLosses(scores);
    SievePolicy policy = Policies.parse(spec);
    double[] sum = new double[DIMENSIONS];
    double[] squares = new double[DIMENSIONS];
    for (int draw = 0; draw < DRAWS; draw++) {
      EpochPlan plan = policy.plan(table, Tables.context(table, N, draw));
      for (int d = 0; d < DIMENSIONS; d++) {
        double step = step(plan, gradients, d);
        sum[d] += step;
        squares[d] += step * step;
      }
    }
    for (int d = 0; d < DIMENSIONS; d++) {
      double full = 0;
      for (double[] gradient : gradients) {
        full += gradient[d] / N;
      }
      double mean = sum[d] / DRAWS;
      double error = Math.sqrt((squares[d] / DRAWS - mean * mean) / DRAWS);
      // Four standard errors: one test in 16,000 would fail by chance; the seeds are fixed.
      assertThat(Math.abs(mean - full))
          .as("%s, dimension %d", spec, d)
          .isLessThan(4 * error + 1e-6);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"random:keep=0.5", "soft:r=0.5,until=1", "variance:keep=0.5,floor=0"})
  void everySampleOfAnEpochIsKeptAtMostOnceAndTheMeanWeightIsNOverM(String spec) {
    ScoreTable table = Tables.ofLosses(norms(gradients()));
    SievePolicy policy = Policies.parse(spec);
    for (int seed = 0; seed < 200; seed++) {
      EpochPlan plan = policy.plan(table, Tables.context(table, 16, seed));
      assertThat(plan.order()).doesNotHaveDuplicates();
      assertThat(plan.meanWeight()).isEqualTo((double) N / plan.kept());
      assertThat(plan.lrScale()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"variance:keep=0.4", "random:keep=0.4", "soft:r=0.4,until=1"})
  void varianceOfTheStepIsLeastForTheVariancePolicy(String spec) {
    double[][] gradients = gradients();
    ScoreTable table = Tables.ofLosses(norms(gradients));
    EpochContext context = Tables.context(table, N, 0);
    int kept = Policies.parse(spec).plan(table, context).kept();
    String variance = "variance:floor=0.01,keep=" + (double) kept / N;
    assertThat(spread(Policies.parse(variance), table, gradients))
        .isLessThanOrEqualTo(spread(Policies.parse(spec), table, gradients) * 1.05);
  }

  private static double spread(SievePolicy policy, ScoreTable table, double[][] gradients) {
    double spread = 0;
    for (int draw = 0; draw < 4000; draw++) {
      EpochPlan plan = policy.plan(table, Tables.context(table, N, draw));
      for (int d = 0; d < DIMENSIONS; d++) {
        double full = 0;
        for (double[] gradient : gradients) {
          full += gradient[d] / N;
        }
        spread += Math.pow(step(plan, gradients, d) - full, 2);
      }
    }
    return spread;
  }

  private static double step(EpochPlan plan, double[][] gradients, int d) {
    double sum = 0;
    for (int k = 0; k < plan.kept(); k++) {
      sum += plan.weights()[k] * gradients[plan.order()[k]][d];
    }
    return sum / (plan.kept() * plan.meanWeight());
  }

  /** Heavy-tailed, as gradients are. */
  private static double[][] gradients() {
    RandomBits random = RandomBits.of(7, "gradients", 0);
    double[][] gradients = new double[N][DIMENSIONS];
    for (int i = 0; i < N; i++) {
      double size = Math.exp(4 * random.uniform(i) - 2);
      for (int d = 0; d < DIMENSIONS; d++) {
        gradients[i][d] = size * (random.at(i).uniform(d) - 0.4);
      }
    }
    return gradients;
  }

  private static float[] norms(double[][] gradients) {
    float[] norms = new float[N];
    for (int i = 0; i < N; i++) {
      double square = 0;
      for (double value : gradients[i]) {
        square += value * value;
      }
      norms[i] = (float) Math.sqrt(square);
    }
    return norms;
  }
}
