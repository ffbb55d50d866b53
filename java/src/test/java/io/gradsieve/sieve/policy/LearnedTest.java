package io.gradsieve.sieve.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LearnedTest {
  /** Nothing is scored: the predictions alone decide. */
  private static ScoreTable unscored(int samples) {
    float[] losses = new float[samples];
    Arrays.fill(losses, Float.NaN);
    return Tables.ofLosses(losses);
  }

  private static EpochPlan plan(String spec, float[] ranks, int... classes) {
    EpochContext context =
        new EpochContext(ranks.length, 16, 3, 10, 1, Tables.LOSS, classes, ranks);
    return Policies.parse(spec).plan(unscored(ranks.length), context);
  }

  @Test
  void theHighestPredictedRanksAreKeptOfEqualOnesTheFirst() {
    EpochPlan plan = plan("learned:keep=0.5", new float[] {0.5f, 0.2f, 0.5f, 0.9f, 0.5f, 0.1f});
    assertThat(plan.order()).containsExactlyInAnyOrder(0, 2, 3);
    assertThat(plan.weights()).containsOnly(1f);
    assertThat(plan.meanWeight()).isEqualTo(1);
    assertThat(plan.lrScale()).isEqualTo(1);
    assertThat(plan.filtered()).isTrue();
  }

  @Test
  void equalPredictionsKeepTheFirst() {
    float[] ranks = new float[10];
    Arrays.fill(ranks, 0.5f);
    assertThat(plan("learned", ranks).order()).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5);
  }

  @Test
  void anyPredictionsKeepTheTopOfThem() {
    long first = TestSeed.of(1);
    for (long seed = first; seed < first + 200; seed++) {
      RandomBits random = RandomBits.of(seed, "ranks", 0);
      int samples = 1 + random.below(0, 60);
      float[] ranks = new float[samples];
      for (int i = 0; i < samples; i++) {
        ranks[i] = random.below(i + 1, 9) / 10f;
      }
      int kept = (samples * 3 + 9) / 10;
      Integer[] expected =
          IntStream.range(0, samples)
              .boxed()
              .sorted(Comparator.<Integer>comparingDouble(i -> -ranks[i]).thenComparing(i -> i))
              .limit(kept)
              .toArray(Integer[]::new);
      assertThat(plan("learned:keep=0.3", ranks).order())
          .as("seed %d", seed)
          .containsExactlyInAnyOrder(Arrays.stream(expected).mapToInt(i -> i).toArray());
    }
  }

  @Test
  void balancedEveryClassKeepsItsShareAndOneWithoutSamplesNone() {
    float[] ranks = {0.9f, 0.8f, 0.7f, 0.6f, 0.4f, 0.3f, 0.2f, 0.1f};
    EpochPlan plan = plan("learned:keep=0.5,balanced=true", ranks, 0, 0, 0, 0, 2, 2, 2, 2);
    assertThat(plan.order()).containsExactlyInAnyOrder(0, 1, 4, 5);
  }

  @Test
  void whileNothingHasLearnedTheFirstEpochTrainsOnWhatWillTeach() {
    ScoreTable table = unscored(100);
    SievePolicy policy = Policies.parse("learned:sample=0.15,from=1");
    EpochPlan plan = policy.plan(table, Tables.epoch(table, 8, 1, 1));
    assertThat(plan.kept()).isEqualTo(15);
    assertThat(plan.order()).doesNotHaveDuplicates();
    assertThat(plan.weights()).containsOnly(1f);
    assertThat(policy.plan(table, Tables.epoch(table, 8, 2, 1)).order()).isNotEqualTo(plan.order());
    int[] classes = IntStream.range(0, 100).map(i -> i < 80 ? 0 : 2).toArray();
    EpochPlan balanced =
        Policies.parse("learned:sample=0.15,balanced=true")
            .plan(table, Tables.classes(8, 1, classes));
    assertThat(Arrays.stream(balanced.order()).filter(i -> i < 80)).hasSize(12);
    assertThat(balanced.kept()).isEqualTo(15);
  }

  @ParameterizedTest
  @CsvSource({
    "learned,60,60",
    "learned:from=1,20,60",
    "learned:keep=0.1,10,10",
    "learned:keep=0.1:from=1,10,20"
  })
  void theScheduleKnowsTheFirstEpochsShare(String spec, int least, int most) {
    SievePolicy policy = Policies.parse(spec.replace("1:from", "1,from"));
    assertThat(policy.leastKept(100)).isEqualTo(least);
    assertThat(policy.mostKept(100)).isEqualTo(most);
    assertThat(policy.learnsFrom()).isEqualTo(0.2);
  }

  @Test
  void predictionsForOtherSamplesAreRefused() {
    assertThatThrownBy(
            () -> new EpochContext(3, 2, 2, 10, 1, Tables.LOSS, new int[0], new float[] {0.5f}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1 predicted ranks for 3 samples");
  }
}
