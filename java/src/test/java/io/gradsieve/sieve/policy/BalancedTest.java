package io.gradsieve.sieve.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code balanced=true}: every class keeps the same share. */
class BalancedTest {
  /** Of 200 samples: 130 of class 0, 69 of class 2, one of class 3. */
  private static final int[] CLASSES = new int[200];

  private static final float[] LOSSES = new float[200];

  static {
    for (int i = 0; i < 200; i++) {
      CLASSES[i] = i == 7 ? 3 : i % 20 < 13 ? 0 : 2;
      // Class 0 is learned, class 2 is not.
      LOSSES[i] =
          (float) ((CLASSES[i] == 0 ? 0.01 : 5) * (1 + RandomBits.of(1, "l", 0).uniform(i)));
    }
  }

  private static int[] perClass(EpochPlan plan) {
    int[] counts = new int[4];
    for (int sample : plan.order()) {
      counts[CLASSES[sample]]++;
    }
    return counts;
  }

  @ParameterizedTest
  @ValueSource(strings = {"hard", "order:pool=1", "coverage:cut=0", "random", "variance:floor=0.1"})
  void everyClassKeepsItsShareByLargestRemainder(String spec) {
    ScoreTable table = Tables.ofLosses(LOSSES);
    String balanced = spec + (spec.contains(":") ? "," : ":") + "keep=0.3,balanced=true";
    EpochPlan plan = Policies.parse(balanced).plan(table, Tables.classes(16, 1, CLASSES));
    int single = spec.equals("random") || spec.startsWith("variance") ? 1 : 0;
    // 38.7, 21 and 0.3 of 60; an unbiased policy leaves no class out.
    assertThat(perClass(plan)).containsExactly(39, 0, 21, single);
    assertThat(plan.order()).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "variance:keep=0.4",
        "random:keep=0.4",
        "soft:r=0.6,until=1",
        "importance:keep=0.4"
      })
  void unbiasedPoliciesStayUnbiased(String spec) {
    ScoreTable table = Tables.ofLosses(LOSSES);
    SievePolicy policy = Policies.parse(spec + ",balanced=true");
    double sum = 0;
    double squares = 0;
    int draws = 20_000;
    for (int seed = 0; seed < draws; seed++) {
      EpochPlan plan = policy.plan(table, Tables.classes(16, seed, CLASSES));
      double step = 0;
      for (int k = 0; k < plan.kept(); k++) {
        step += plan.weights()[k] * value(plan.order()[k]);
      }
      step /= plan.kept() * plan.meanWeight();
      sum += step;
      squares += step * step;
    }
    double full = 0;
    for (int i = 0; i < 200; i++) {
      full += value(i) / 200;
    }
    double mean = sum / draws;
    double error = Math.sqrt((squares / draws - mean * mean) / draws);
    assertThat(Math.abs(mean - full)).isLessThan(4 * error + 1e-6);
  }

  /** Something that differs between classes and samples. */
  private static double value(int sample) {
    return LOSSES[sample] * (CLASSES[sample] + 1) + sample % 7;
  }

  @Test
  void hardRemovesForGoodInEachClass() {
    ScoreTable table = Tables.ofLosses(LOSSES);
    SievePolicy hard = Policies.parse("hard:keep=0.5,balanced=true");
    EpochPlan first = hard.plan(table, Tables.classes(16, 1, CLASSES));
    table.keep(first);
    EpochPlan second = hard.plan(table, Tables.classes(16, 2, CLASSES));
    assertThat(second.order()).containsExactlyInAnyOrder(first.order());
  }

  @Test
  void withoutClassesThereIsNoBalance() {
    ScoreTable table = Tables.ofLosses(1, 2, 3);
    assertThatThrownBy(
            () -> Policies.parse("hard:balanced=true").plan(table, Tables.context(table, 2, 1)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
