package io.gradsieve.sieve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepsTest {
  @Property
  void theSameStepsShareTheKeptSamplesEvenly(
      @ForAll @IntRange(min = 1, max = 5000) int samples,
      @ForAll @IntRange(min = 1, max = 5000) int keptOrMore,
      @ForAll @IntRange(min = 1, max = 600) int batchSize) {
    int kept = Math.min(samples, keptOrMore);
    int[] sizes = Steps.SAME.cut(kept, samples, batchSize);
    assertThat(Arrays.stream(sizes).sum()).isEqualTo(kept);
    assertThat(sizes).hasSize(Math.min(kept, (samples + batchSize - 1) / batchSize));
    int least = Arrays.stream(sizes).min().getAsInt();
    int most = Arrays.stream(sizes).max().getAsInt();
    assertThat(most - least).isLessThanOrEqualTo(1);
    assertThat(least).isPositive();
    assertThat(most).isLessThanOrEqualTo(batchSize);
  }

  @Property
  void fewerStepsKeepTheBatchSize(
      @ForAll @IntRange(min = 1, max = 5000) int samples,
      @ForAll @IntRange(min = 1, max = 5000) int keptOrMore,
      @ForAll @IntRange(min = 1, max = 600) int batchSize) {
    int kept = Math.min(samples, keptOrMore);
    int[] sizes = Steps.FEWER.cut(kept, samples, batchSize);
    assertThat(Arrays.stream(sizes).sum()).isEqualTo(kept);
    assertThat(sizes).hasSize((kept + batchSize - 1) / batchSize);
    for (int step = 0; step < sizes.length - 1; step++) {
      assertThat(sizes[step]).isEqualTo(batchSize);
    }
  }

  @Test
  void anEmptyEpochHasNoSteps() {
    assertThat(Steps.SAME.cut(0, 0, 128)).isEmpty();
    assertThat(Steps.FEWER.cut(0, 0, 128)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"0.07,100,7", "0.29,100,29", "0.5,3,2", "1,17,17", "0.001,10,1", "0.7,10,7"})
  void aCeilingIsThatOfTheDecimal(double share, int count, int ceiling) {
    assertThat(Share.ceil(share, count)).isEqualTo(ceiling);
  }

  @ParameterizedTest
  @CsvSource({"0.29,100,29", "0.875,8,7", "0.875,10,8", "0.3,10,3", "1,3,3", "0.99,1,0"})
  void aFloorIsThatOfTheDecimal(double share, int count, int floor) {
    assertThat(Share.floor(share, count)).isEqualTo(floor);
  }
}
