package io.gradsieve.sieve.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SoftTest {
  @Test
  void onlySamplesUnderTheMeanAreLeftOutAndThoseKeptWeighForAll() {
    ScoreTable table = Tables.ofLosses(0, 0, 0, 0, 10, 10);
    for (int seed = 0; seed < 100; seed++) {
      EpochPlan plan = Policies.parse("soft:r=0.5").plan(table, Tables.context(table, 2, seed));
      assertThat(plan.order()).hasSize(4).contains(4, 5);
      assertThat(plan.meanWeight()).isEqualTo(1.5);
      for (int k = 0; k < 4; k++) {
        assertThat(plan.weights()[k]).isEqualTo(plan.order()[k] < 4 ? 2f : 1f);
      }
    }
  }

  @Test
  void unscoredSamplesAreKeptAndStayOutsideTheMean() {
    ScoreTable table = Tables.ofLosses(Float.NaN, 1, 3, 3, Float.NaN, 1);
    for (int seed = 0; seed < 50; seed++) {
      EpochPlan plan = Policies.parse("soft:r=0.5").plan(table, Tables.context(table, 2, seed));
      assertThat(plan.order()).hasSize(5).contains(0, 2, 3, 4);
    }
  }

  @ParameterizedTest
  @CsvSource({"0.7,10,3", "0.5,3,2", "0,5,5", "0.999,1000,1", "0.9999,7,1", "0.3,10,7"})
  void theCountIsTheCeilingInDecimals(String r, int under, int drawn) {
    float[] losses = new float[under + 1];
    losses[under] = 1;
    ScoreTable table = Tables.ofLosses(losses);
    EpochPlan plan = Policies.parse("soft:r=" + r).plan(table, Tables.context(table, 2, 1));
    assertThat(plan.kept()).isEqualTo(drawn + 1);
    assertThat(Policies.parse("soft:r=" + r).leastKept(under + 1)).isEqualTo(plan.kept());
  }
}
