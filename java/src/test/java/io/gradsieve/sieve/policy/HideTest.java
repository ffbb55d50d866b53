package io.gradsieve.sieve.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.sieve.EarlyEpochs;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.Measured;
import io.gradsieve.sieve.ScoreTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HideTest {
  /** Sample i has the score i; all are right and sure. */
  private static ScoreTable table(int samples) {
    ScoreTable table =
        ScoreTable.forTraining(samples, true, Tables.LOSS, new EarlyEpochs(2, 10), 1);
    for (int i = 0; i < samples; i++) {
      Measured.of(i, true, 0.9f).in(table, i, 1);
    }
    return table;
  }

  @Test
  void theLowestAreHiddenIfTheyAreRightAndSure() {
    ScoreTable table = table(10);
    Measured.of(0, false, 0.9f).in(table, 0, 2);
    Measured.of(1, true, 0.69f).in(table, 1, 2);
    EpochPlan plan = Policies.parse("hide:fraction=0.4").plan(table, Tables.epoch(table, 2, 1, 2));
    assertThat(plan.order()).containsExactlyInAnyOrder(0, 1, 4, 5, 6, 7, 8, 9);
    assertThat(plan.weights()).containsOnly(1f);
    assertThat(plan.meanWeight()).isEqualTo(1);
    assertThat(plan.filtered()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"2,30", "3,30", "4,24", "6,24", "7,18", "8,18", "9,12", "10,12"})
  void theFractionFallsInSteps(int epoch, int hidden) {
    ScoreTable table = table(100);
    EpochPlan plan =
        Policies.parse("hide:fraction=0.3").plan(table, Tables.epoch(table, 8, 1, epoch));
    assertThat(plan.kept()).isEqualTo(100 - hidden);
  }

  @Test
  void aForgottenSampleComesBack() {
    ScoreTable table = table(10);
    SievePolicy hide = Policies.parse("hide:fraction=0.3");
    EpochPlan plan = hide.plan(table, Tables.epoch(table, 2, 1, 2));
    assertThat(plan.order()).doesNotContain(0, 1, 2);
    table.keep(plan);
    table.recordLeftOut(2, new int[] {1}, Measured.of(0.5f, false, 0.2f));
    assertThat(hide.plan(table, Tables.epoch(table, 2, 1, 3)).order())
        .contains(1)
        .doesNotContain(0, 2);
    assertThat(hide.rescores()).isTrue();
  }

  @Test
  void fewerStepsRaiseTheRateByWhatIsReallyHidden() {
    ScoreTable table = table(10);
    Measured.of(0, false, 0.9f).in(table, 0, 2);
    EpochPlan plan =
        Policies.parse("hide:fraction=0.3,steps=fewer").plan(table, Tables.epoch(table, 2, 1, 2));
    assertThat(plan.kept()).isEqualTo(8);
    assertThat(plan.lrScale()).isEqualTo(1 / (1 - 0.2), within(1e-12));
    assertThat(Policies.parse("hide").plan(table, Tables.epoch(table, 2, 1, 2)).lrScale())
        .isEqualTo(1);
  }

  @Test
  void theUnscoredAreNotHidden() {
    ScoreTable table = ScoreTable.forTraining(4, true, Tables.LOSS, new EarlyEpochs(2, 10), 1);
    Measured.of(5, true, 1).in(table, 2, 1);
    EpochPlan plan = Policies.parse("hide:fraction=0.5").plan(table, Tables.epoch(table, 2, 1, 2));
    assertThat(plan.order()).containsExactlyInAnyOrder(0, 1, 3);
  }

  @Test
  void aTableWithoutConfidencesIsRefused() {
    ScoreTable table = ScoreTable.forRanking(4, Tables.LOSS, false, 1);
    Measured.of(1, true, 1).in(table, 0, 1);
    assertThatThrownBy(() -> Policies.parse("hide:sure=0").plan(table, Tables.context(table, 2, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("confidence");
  }
}
