package io.gradsieve.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class BatchGrowthTest {
  private final BatchGrowth start = new BatchGrowth(128, 1);

  @Test
  void theBatchDoublesWhereTheNoiseScaleAllowsTheLargerOne() {
    assertThat(start.next(OptionalDouble.of(255), 60_000)).isEqualTo(start);
    BatchGrowth next = start.next(OptionalDouble.of(256), 60_000);
    assertThat(next.batchSize()).isEqualTo(256);
    assertThat(next.rateScale()).isEqualTo(1.5, within(1e-12));
  }

  @Test
  void farBelowTheNoiseScaleTheRateGrowsWithTheBatch() {
    BatchGrowth next = start.next(OptionalDouble.of(1e9), 60_000);
    assertThat(next.rateScale()).isEqualTo(2, within(1e-5));
    assertThat(next.next(OptionalDouble.of(1e9), 60_000).rateScale()).isEqualTo(4, within(1e-5));
  }

  @Test
  void anUnknownNoiseScaleAndTooFewStepsLeaveEverythingAsItIs() {
    assertThat(start.next(OptionalDouble.empty(), 60_000)).isEqualTo(start);
    assertThat(start.next(OptionalDouble.of(1e9), 2047)).isEqualTo(start);
    assertThat(start.next(OptionalDouble.of(1e9), 2048).batchSize()).isEqualTo(256);
  }
}
