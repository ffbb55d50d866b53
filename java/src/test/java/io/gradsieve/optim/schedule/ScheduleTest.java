package io.gradsieve.optim.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.GradsieveException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTest {
  @ParameterizedTest
  @CsvSource({
    "constant,0,0,1",
    "constant,0,1,1",
    "step,0,0.4999,1",
    "step,0,0.5,0.1",
    "step,0,0.7499,0.1",
    "step,0,0.75,0.01",
    "step,0,1,0.01",
    "cosine,0,0,1",
    "cosine,0,0.5,0.5",
    "cosine,0,1,0",
    "cosine,0.2,0,0",
    "cosine,0.2,0.05,0.25",
    "cosine,0.2,0.2,1",
    "cosine,0.2,0.6,0.5",
    "cosine,0.2,1,0",
    "constant,0.5,0.25,0.5",
    "step,0.1,0.1,1"
  })
  void theRateAtKeyPoints(String name, double warmup, double progress, double factor) {
    assertThat(named(name).of(0.2, warmup).rate(progress)).isEqualTo(0.2 * factor, within(1e-15));
  }

  @Test
  void noStepHasARateOfZeroAndProgressOnlyGrows() {
    Schedule schedule = ScheduleName.COSINE.of(0.05, 0.05);
    double last = 0;
    for (int epoch = 1; epoch <= 3; epoch++) {
      for (int step = 0; step < 7; step++) {
        double progress = Schedule.progress(epoch, 3, step, 7);
        assertThat(progress).isGreaterThan(last).isLessThan(1);
        assertThat(schedule.rate(progress)).isPositive();
        last = progress;
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "cosine,0,0",
    "cosine,-1,0",
    "cosine,NaN,0",
    "cosine,Infinity,0",
    "cosine,0.1,-0.1",
    "cosine,0.1,1",
    "cosine,0.1,NaN"
  })
  void aValueOutOfRangeIsWrongUsage(String name, double rate, double warmup) {
    assertThatThrownBy(() -> named(name).of(rate, warmup))
        .isInstanceOf(GradsieveException.Usage.class);
  }

  private static ScheduleName named(String key) {
    return Arrays.stream(ScheduleName.values())
        .filter(schedule -> schedule.key().equals(key))
        .findFirst()
        .orElseThrow();
  }
}
