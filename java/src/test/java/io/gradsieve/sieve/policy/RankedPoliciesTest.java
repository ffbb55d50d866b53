package io.gradsieve.sieve.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code order}, {@code window}, {@code coverage} and {@code importance}. */
class RankedPoliciesTest {
  /** Losses 0 to n − 1, in random order. */
  private static float[] losses(int n) {
    int[] ranks = RandomBits.of(3, "losses", 0).permutation(n);
    float[] losses = new float[n];
    for (int i = 0; i < n; i++) {
      losses[i] = ranks[i];
    }
    return losses;
  }

  private static int[] kept(float[] losses, EpochPlan plan) {
    return IntStream.of(plan.order()).map(sample -> (int) losses[sample]).sorted().toArray();
  }

  @Test
  void orderKeepsTheTopOfAPoolThatChangesEveryEpoch() {
    float[] losses = losses(1000);
    ScoreTable table = Tables.ofLosses(losses);
    SievePolicy policy = Policies.parse("order:pool=0.5,keep=0.2");
    int lowest = 1000;
    int[] times = new int[1000];
    for (int seed = 0; seed < 200; seed++) {
      int[] kept = kept(losses, policy.plan(table, Tables.context(table, 10, seed)));
      assertThat(kept).hasSize(200).doesNotHaveDuplicates();
      lowest = Math.min(lowest, kept[0]);
      for (int rank : kept) {
        times[rank]++;
      }
    }
    // The threshold is the 200th of 500 of 1,000: rank 600 give or take; the top is in every pool
    // that has it.
    assertThat(lowest).isBetween(500, 600);
    assertThat(Arrays.stream(times, 700, 1000).average().orElse(0)).isBetween(97.0, 103.0);
  }

  @Test
  void orderWithAWholePoolIsTheTop() {
    float[] losses = losses(10);
    ScoreTable table = Tables.ofLosses(losses);
    EpochPlan plan =
        Policies.parse("order:pool=1,keep=0.3").plan(table, Tables.context(table, 2, 1));
    assertThat(kept(losses, plan)).containsExactly(7, 8, 9);
  }

  @ParameterizedTest
  @CsvSource({"2,0", "3,20", "4,40", "5,60", "6,80", "7,0"})
  void theWindowSlidesFromEasyToHardAndWraps(int epoch, int start) {
    float[] losses = losses(100);
    ScoreTable table = Tables.ofLosses(losses);
    EpochPlan plan =
        Policies.parse("window:width=0.5").plan(table, Tables.epoch(table, 10, 1, epoch));
    int[] expected = IntStream.range(start, start + 50).map(r -> r % 100).sorted().toArray();
    assertThat(kept(losses, plan)).isEqualTo(expected);
  }

  @Test
  void coverageDropsTheHardestAndTakesTheSameFromEveryStratum() {
    // Strata of width 10 over 0..99: 90 samples in the first, one or two in the others.
    float[] losses = new float[110];
    for (int i = 0; i < 90; i++) {
      losses[i] = 9f * i / 90;
    }
    for (int i = 90; i < 110; i++) {
      losses[i] = 10 + 4.5f * (i - 90);
    }
    ScoreTable table = Tables.ofLosses(losses);
    int[] times = new int[110];
    for (int seed = 0; seed < 300; seed++) {
      EpochPlan plan =
          Policies.parse("coverage:keep=0.2,bins=10,cut=0.018")
              .plan(table, Tables.context(table, 8, seed));
      assertThat(plan.kept()).isEqualTo(22);
      assertThat(plan.order()).doesNotHaveDuplicates().doesNotContain(109);
      for (int sample : plan.order()) {
        times[sample]++;
      }
    }
    // The budget of 22 over 10 strata is 2 each: the sparse ones are kept nearly whole.
    assertThat(Arrays.stream(times, 90, 109).average().orElse(0)).isGreaterThan(250);
    assertThat(Arrays.stream(times, 0, 90).average().orElse(0)).isBetween(5.0, 20.0);
  }

  @Test
  void coverageDropsNoMoreThanItCanSpare() {
    float[] losses = losses(10);
    ScoreTable table = Tables.ofLosses(losses);
    EpochPlan plan =
        Policies.parse("coverage:keep=0.8,cut=0.9").plan(table, Tables.context(table, 2, 1));
    assertThat(kept(losses, plan)).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
  }

  @ParameterizedTest
  @CsvSource({"order:keep=0.5", "window:width=0.5", "coverage:keep=0.5", "importance:keep=0.5"})
  void theUnscoredAreKept(String spec) {
    float[] losses = losses(20);
    losses[3] = Float.NaN;
    losses[17] = Float.NaN;
    ScoreTable table = Tables.ofLosses(losses);
    for (int seed = 0; seed < 30; seed++) {
      EpochPlan plan = Policies.parse(spec).plan(table, Tables.context(table, 4, seed));
      assertThat(plan.order()).hasSize(10).contains(3, 17);
      assertThat(IntStream.of(plan.order()).filter(i -> i == 3 || i == 17).count()).isEqualTo(2);
    }
  }

  @Test
  void importanceDrawsWithReplacementInProportionToTheScore() {
    float[] losses = {100, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    ScoreTable table = Tables.ofLosses(losses);
    int first = 0;
    int draws = 0;
    for (int seed = 0; seed < 2000; seed++) {
      EpochPlan plan =
          Policies.parse("importance:keep=1,lambda=0.2")
              .plan(table, Tables.context(table, 5, seed));
      assertThat(plan.kept()).isEqualTo(10);
      assertThat(plan.meanWeight()).isEqualTo(1);
      for (int k = 0; k < 10; k++) {
        boolean large = plan.order()[k] == 0;
        double p = 0.8 * (large ? 100 : 1) / 109 + 0.02;
        assertThat(plan.weights()[k]).isEqualTo((float) (1 / (10 * p)));
        first += large ? 1 : 0;
        draws++;
      }
    }
    double p = 0.8 * 100 / 109 + 0.02;
    // Four standard errors of 20,000 draws.
    assertThat((double) first / draws).isBetween(p - 0.013, p + 0.013);
  }

  @Test
  void importanceOfScoresThatHardlyDifferIsAUniformDrawWithoutReplacement() {
    float[] losses = new float[100];
    Arrays.fill(losses, 2);
    losses[0] = 2.5f;
    ScoreTable table = Tables.ofLosses(losses);
    EpochPlan plan = Policies.parse("importance:keep=0.6").plan(table, Tables.context(table, 8, 1));
    assertThat(plan.order()).hasSize(60).doesNotHaveDuplicates();
    assertThat(plan.weights()).containsOnly(1f);
  }
}
