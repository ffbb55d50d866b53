package io.gradsieve.sieve.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SieveScheduleTest {
  @Test
  void aScheduleSaysWhichEpochsFilterAndHowTheyAreCut() {
    SieveSchedule schedule = SieveSchedule.of(Policies.parse("variance:keep=0.5"), 1000, 128, 4);
    assertThat(schedule.epochs())
        .containsExactly(
            new SieveSchedule.Epoch(1, false, 1000, 1000, 8, 8, 125, 125),
            new SieveSchedule.Epoch(2, true, 500, 500, 8, 8, 62, 63),
            new SieveSchedule.Epoch(3, true, 500, 500, 8, 8, 62, 63),
            new SieveSchedule.Epoch(4, true, 500, 500, 8, 8, 62, 63));
    assertThat(schedule.leastSkipped()).isEqualTo(0.375);
    assertThat(schedule.mostSkipped()).isEqualTo(0.375);
  }

  @Test
  void aPolicyWhoseSizeDependsOnScoresGivesARange() {
    SieveSchedule schedule =
        SieveSchedule.of(Policies.parse("soft:r=0.5,steps=fewer"), 1001, 100, 8);
    assertThat(schedule.epochs().get(1))
        .isEqualTo(new SieveSchedule.Epoch(2, true, 501, 1001, 6, 11, 1, 100));
    assertThat(schedule.epochs().get(7).filtered()).isFalse();
    assertThat(schedule.leastSkipped()).isZero();
    assertThat(schedule.mostSkipped()).isEqualTo(6 * 500 / 8008.0, within(1e-12));
  }
}
