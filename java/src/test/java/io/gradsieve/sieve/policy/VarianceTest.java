package io.gradsieve.sieve.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.Share;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class VarianceTest {
  @Property(tries = 500)
  void probabilitiesSumToTheSizeOfThePlanAndEveryPlanHasThatSize(
      @ForAll @IntRange(min = 1, max = 300) int samples,
      @ForAll @DoubleRange(min = 0.01, max = 1) double keep,
      @ForAll @DoubleRange(min = 0, max = 1) double floorShare,
      @ForAll @LongRange(min = 0, max = 1_000_000) long seed,
      @ForAll @IntRange(min = 0, max = 4) int shape) {
    float[] scores = scores(samples, seed, shape);
    int kept = Share.ceil(keep, samples);
    double floor = floorShare * keep;
    InclusionProbabilities p = InclusionProbabilities.solve(scores, kept, floor);
    double sum = 0;
    for (float score : scores) {
      sum += p.of(score);
      assertThat(p.of(score)).isBetween(score > 0 ? Math.min(floor, 1) : 0, 1.0);
    }
    // A rounding error for each addition.
    assertThat(sum).isEqualTo(p.sum(), within(1e-12 * samples));
    assertThat(p.sum()).isGreaterThanOrEqualTo(kept);
    ScoreTable table = Tables.ofLosses(scores);
    EpochPlan plan =
        Policies.parse("variance:keep=%s,floor=%s".formatted(keep, floor))
            .plan(table, Tables.context(table, 16, seed));
    if (!Arrays.equals(scores, new float[samples]) && p.sum() == kept) {
      assertThat(plan.kept()).isEqualTo(kept);
    }
    assertThat(plan.order()).doesNotHaveDuplicates();
    for (int k = 0; k < plan.kept(); k++) {
      assertThat((double) plan.weights()[k])
          .isEqualTo(1 / p.of(scores[plan.order()[k]]), within(1e-6 * plan.weights()[k]));
    }
  }

  /** Uniform, heavy-tailed, mostly zero, few distinct values, partly unscored. */
  private static float[] scores(int samples, long seed, int shape) {
    RandomBits random = RandomBits.of(seed, "scores", shape);
    float[] scores = new float[samples];
    for (int i = 0; i < samples; i++) {
      double u = random.uniform(i);
      scores[i] =
          (float)
              switch (shape) {
                case 0 -> u;
                case 1 -> Math.exp(80 * u - 40);
                case 2 -> u < 0.8 ? 0 : u;
                case 3 -> Math.floor(3 * u);
                default -> u < 0.3 ? Double.NaN : u;
              };
    }
    return scores;
  }

  @Test
  void samplesThatExceedTheSlopeAreCertainAndTheRestIsProportional() {
    InclusionProbabilities p = InclusionProbabilities.solve(new float[] {100, 1, 2, 3, 4}, 3, 0);
    assertThat(p.of(100)).isEqualTo(1);
    assertThat(p.slope()).isEqualTo(0.2, within(1e-15));
  }

  @Test
  void aScoreBeyondAllOthersIsCertain() {
    float[] scores = {4.7540433e12f, 7.502074e-14f};
    InclusionProbabilities p = InclusionProbabilities.solve(scores.clone(), 1, 0);
    assertThat(p.of(scores[0])).isEqualTo(1);
    assertThat(p.of(scores[1])).isBetween(0.0, 1e-12);
  }

  @Test
  void equalScoresAreUniform() {
    InclusionProbabilities p = InclusionProbabilities.solve(new float[] {3, 3, 3, 3}, 1, 0.1);
    assertThat(p.of(3)).isEqualTo(0.25, within(1e-15));
  }

  @Test
  void scoresOfZeroAreUniform() {
    InclusionProbabilities p = InclusionProbabilities.solve(new float[4], 2, 0.1);
    assertThat(p.of(0)).isEqualTo(0.5);
  }

  @Test
  void fewerPositiveScoresThanThePlanHasLeaveTheRestToTheZeros() {
    InclusionProbabilities p = InclusionProbabilities.solve(new float[] {5, 1, 0, 0, 0, 0}, 4, 0);
    assertThat(p.of(1)).isEqualTo(1);
    assertThat(p.of(0)).isEqualTo(0.5);
  }

  @Test
  void unscoredSamplesAreAlwaysKeptAndStayOutsideTheSlope() {
    ScoreTable table = Tables.ofLosses(1, Float.NaN, 1, Float.NaN, 1, 1);
    for (int seed = 0; seed < 100; seed++) {
      EpochPlan plan =
          Policies.parse("variance:keep=0.5,floor=0.1").plan(table, Tables.context(table, 2, seed));
      assertThat(plan.order()).hasSize(3).contains(1, 3);
      for (int k = 0; k < 3; k++) {
        boolean unscored = plan.order()[k] == 1 || plan.order()[k] == 3;
        assertThat(plan.weights()[k]).isEqualTo(unscored ? 1f : 4f);
      }
    }
  }

  @Test
  void aTableThatWasNeverScoredIsKeptWhole() {
    ScoreTable table = Tables.ofLosses(Float.NaN, Float.NaN, Float.NaN);
    EpochPlan plan = Policies.parse("variance").plan(table, Tables.context(table, 2, 1));
    assertThat(plan.order()).containsExactlyInAnyOrder(0, 1, 2);
    assertThat(plan.weights()).containsOnly(1f);
    assertThat(plan.meanWeight()).isEqualTo(1);
  }

  @Test
  void unscoredSamplesCanCountAsThoseOfTheMeanScore() {
    ScoreTable table = Tables.ofLosses(1, Float.NaN, 3, Float.NaN, 2, 2);
    SievePolicy policy = Policies.parse("variance:keep=0.5,floor=0,unscored=mean");
    for (int seed = 0; seed < 100; seed++) {
      EpochPlan plan = policy.plan(table, Tables.context(table, 2, seed));
      assertThat(plan.order()).hasSize(3);
      for (int k = 0; k < 3; k++) {
        float weight = plan.order()[k] == 0 ? 4 : plan.order()[k] == 2 ? 4 / 3f : 2;
        assertThat(plan.weights()[k]).isEqualTo(weight);
      }
    }
  }

  @Test
  void theFirstEpochCanBeADrawOfItsOwn() {
    float[] unscored = new float[40];
    Arrays.fill(unscored, Float.NaN);
    ScoreTable table = Tables.ofLosses(unscored);
    EpochPlan plan =
        Policies.parse("variance:keep=0.25,from=1,unscored=mean")
            .plan(table, Tables.epoch(table, 8, 1, 1));
    assertThat(plan.order()).hasSize(10).doesNotHaveDuplicates();
    assertThat(plan.weights()).containsOnly(4);
    assertThat(plan.meanWeight()).isEqualTo(4);
    assertThat(plan.batchSizes()).containsOnly(2).hasSize(5);
  }

  @Test
  void noWeightExceedsOneOverTheFloor() {
    float[] scores = new float[1000];
    Arrays.fill(scores, 1e-30f);
    Arrays.fill(scores, 0, 300, 1e30f);
    ScoreTable table = Tables.ofLosses(scores);
    EpochPlan plan =
        Policies.parse("variance:keep=0.5,floor=0.1").plan(table, Tables.context(table, 128, 5));
    assertThat(plan.kept()).isEqualTo(500);
    for (float weight : plan.weights()) {
      assertThat(weight).isBetween(1f, 10f);
    }
  }

  @Test
  void hugeAndTinyScoresGiveFiniteWeightsWithoutAFloor() {
    float[] scores = new float[1000];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = (float) Math.exp(-87 + 0.17 * i);
    }
    scores[0] = Float.MIN_VALUE;
    ScoreTable table = Tables.ofLosses(scores);
    for (int seed = 0; seed < 50; seed++) {
      EpochPlan plan =
          Policies.parse("variance:keep=0.9,floor=0").plan(table, Tables.context(table, 128, seed));
      assertThat(plan.kept()).isEqualTo(900);
      for (float weight : plan.weights()) {
        assertThat(weight).isFinite().isPositive();
      }
    }
  }
}
