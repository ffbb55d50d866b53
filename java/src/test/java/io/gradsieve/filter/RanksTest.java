package io.gradsieve.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RanksTest {
  @Test
  void equalValuesShareTheMeanOfTheirRanks() {
    assertThat(Ranks.of(new float[] {3, 1, 3, 2})).containsExactly(0.75, 0.125, 0.75, 0.375);
    assertThat(Ranks.of(new float[] {7, 7, 7})).containsExactly(0.5, 0.5, 0.5);
    assertThat(Ranks.of(new float[] {7})).containsExactly(0.5);
    assertThat(Ranks.of(new float[0])).isEmpty();
  }

  @Test
  void theCorrelationIsSpearmans() {
    float[] a = {1, 2, 3, 4, 5};
    assertThat(Ranks.correlation(a, new float[] {10, 20, 30, 40, 1000}))
        .isEqualTo(1, within(1e-12));
    assertThat(Ranks.correlation(a, new float[] {5, 4, 3, 2, 1})).isEqualTo(-1, within(1e-12));
    // 1 − 6·Σd²/(n·(n² − 1)) with d = −1, 1, 0, −1, 1.
    assertThat(Ranks.correlation(a, new float[] {2, 1, 3, 5, 4})).isEqualTo(0.8, within(1e-12));
    // Of scipy.stats.spearmanr.
    assertThat(Ranks.correlation(a, new float[] {1, 1, 2, 2, 2}))
        .isEqualTo(0.8660254037844387, within(1e-12));
  }

  @Test
  void equalValuesOrderNothing() {
    assertThat(Ranks.correlation(new float[] {1, 1}, new float[] {1, 2})).isZero();
    assertThat(Ranks.correlation(new float[0], new float[0])).isZero();
  }
}
