package io.gradsieve.sieve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class MeanScoresTest {
  private static final int[] LABELS = {0, 1, 2};
  private final MeanScores means = new MeanScores(LABELS, true);

  private static ScoreTable trained() {
    return ScoreTable.forTraining(
        LABELS.length, true, Ranking.of(Score.GRAD_NORM), new EarlyEpochs(2, 10), 1);
  }

  private static ScoreTable scored(float score, int... predicted) {
    ScoreTable table = ScoreTable.forScoring(LABELS.length, true, false, 1);
    for (int i = 0; i < LABELS.length; i++) {
      boolean right = predicted[i] == LABELS[i];
      double confidence = score / 10;
      float crossEntropy = (float) -Math.log(confidence);
      new Measured(score, crossEntropy, score + 1, score + 2, score + 3, predicted[i], right)
          .in(table, i, 1);
    }
    return table;
  }

  private static void judge(ScoreTable table, int sample, boolean... right) {
    for (int epoch = 1; epoch <= right.length; epoch++) {
      Measured.ofLabel(epoch, right[epoch - 1]).in(table, sample, epoch);
    }
  }

  @Test
  void everyScoreIsTheMeanAndTheClassThatOfMostRunsOrTheLowest() {
    means.add(trained(), scored(1, 0, 2, 0));
    means.add(trained(), scored(2, 1, 1, 1));
    means.add(trained(), scored(6, 0, 2, 2));
    ScoreTable table = means.table();
    for (int i = 0; i < LABELS.length; i++) {
      assertThat(table.value(Score.LOSS, i)).isEqualTo(3);
      assertThat(table.value(Score.EL2N, i)).isEqualTo(4);
      assertThat(table.value(Score.MARGIN, i)).isEqualTo(5);
      assertThat(table.value(Score.GRAD_NORM, i)).isEqualTo(6);
      assertThat(table.confidence(i)).isCloseTo(0.3f, within(1e-6f));
      assertThat(table.scored(i)).isTrue();
    }
    assertThat(new int[] {table.predicted(0), table.predicted(1), table.predicted(2)})
        .containsExactly(0, 2, 0);
    assertThat(table.right(0)).isTrue();
    assertThat(table.right(1)).isFalse();
  }

  @Test
  void forgettingIsTheSumOfTheRunsAndWhoNeverWasRightInAnyIsTheLargestPlusOne() {
    ScoreTable first = trained();
    judge(first, 0, true, false, true, false);
    judge(first, 1, false, false, false, true);
    judge(first, 2, false, false, false, false);
    ScoreTable second = trained();
    judge(second, 0, true, false, true, true);
    judge(second, 1, false, false, false, false);
    judge(second, 2, false, false, false, false);
    // Sample 2 is right in the end, but was in no step of a training.
    means.add(first, scored(1, 0, 1, 2));
    means.add(second, scored(1, 0, 1, 2));
    ScoreTable table = means.table();
    assertThat(table.value(Score.FORGETTING, 0)).isEqualTo(3);
    assertThat(table.value(Score.FORGETTING, 1)).isZero();
    assertThat(table.value(Score.FORGETTING, 2)).isEqualTo(4);
    assertThat(table.right(2)).isTrue();
  }

  @Test
  void qualityIsTheMeanOfTheRunsMeanCrossEntropiesInTheirEarlyEpochs() {
    ScoreTable first = trained();
    judge(first, 0, true, true);
    first.endEpoch(2, 0.1);
    ScoreTable second = trained();
    second.endEpoch(1, 0.1);
    judge(second, 0, true, true, true, true, true, true, true);
    means.add(first, scored(1, 0, 1, 2));
    means.add(second, scored(1, 0, 1, 2));
    ScoreTable table = means.table();
    assertThat(table.earlyCrossEntropy(0)).isEqualTo((2 + (1 + 2 + 3 + 4 + 5) / 5f) / 2);
    assertThat(table.earlyCrossEntropy(1)).isNaN();
    assertThat(table.earlyRight(0)).isTrue();
  }

  @Test
  void withoutNormsThereAreNone() {
    MeanScores plain = new MeanScores(LABELS, false);
    plain.add(trained(), scored(1, 0, 1, 2));
    assertThat(plain.table().has(Score.GRAD_NORM)).isFalse();
  }
}
