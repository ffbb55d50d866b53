package io.gradsieve.sieve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StrataTest {
  private static int[] chosen(double[] scores, int bins, int budget) {
    boolean[] marks = Strata.choose(scores.length, j -> scores[j], bins, budget);
    return IntStream.range(0, scores.length).filter(j -> marks[j]).toArray();
  }

  @Test
  void everyStratumGivesTheSameAndWhatTheSmallLackTheLargeGive() {
    double[] scores = {0, 1, 2, 3, 4, 5, 50, 51, 100};
    assertThat(chosen(scores, 10, 3)).containsExactly(0, 6, 8);
    assertThat(chosen(scores, 10, 6)).containsExactly(0, 1, 2, 6, 7, 8);
    assertThat(chosen(scores, 10, 9)).hasSize(9);
  }

  @Test
  void whatHasNoScoreIsInNoStratum() {
    double[] scores = {Double.NaN, 1, Double.NaN, 2};
    assertThat(chosen(scores, 4, 2)).containsExactly(1, 3);
  }

  @Test
  void equalScoresAreOneStratum() {
    assertThat(chosen(new double[] {7, 7, 7}, 50, 2)).containsExactly(0, 1);
  }

  @Test
  void asManyOfTheHardestAreLeftOutAsTheBudgetCanSpare() {
    assertThat(Strata.hardest(0.05, 100, 100, 30)).isEqualTo(5);
    assertThat(Strata.hardest(0.05, 100, 100, 98)).isEqualTo(2);
    assertThat(Strata.hardest(0.05, 100, 40, 40)).isZero();
  }
}
