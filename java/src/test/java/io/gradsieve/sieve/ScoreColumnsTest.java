package io.gradsieve.sieve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.GradsieveException;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScoreColumnsTest {
  private static final SampleNames NAMES =
      new SampleNames() {
        @Override
        public String id(int sample) {
          return "row" + sample;
        }

        @Override
        public long index(int sample) {
          return 5_000_000_000L + sample;
        }

        @Override
        public String label(int sample) {
          return "cat";
        }

        @Override
        public String className(int k) {
          return k == 0 ? "cat" : "dog";
        }

        @Override
        public String split(int sample) {
          return "train";
        }

        @Override
        public String content(int sample) {
          return "c" + sample;
        }
      };

  private static String header(List<ScoreColumns> columns) {
    ScoreTable nothing = ScoreTable.forRanking(0, Ranking.of(Score.LOSS), 1);
    return String.join(",", new ScoreRows(columns, nothing, NAMES).header());
  }

  @Test
  void theHeaderOfARunIsTheContracts() {
    assertThat(header(ScoreColumns.ofTraining()))
        .isEqualTo(
            "id,index,label,predicted,confidence,loss,el2n,grad_norm,margin,forgetting,"
                + "label_quality,label_issue,kept,times_kept,scored_epoch,content");
  }

  @Test
  void scoringWritesTheSameColumnsUpToTheIssueAndThePart() {
    assertThat(header(ScoreColumns.ofScoring(EnumSet.allOf(Score.class))))
        .isEqualTo(
            "id,index,label,predicted,confidence,loss,el2n,grad_norm,margin,forgetting,"
                + "label_quality,label_issue,split,content");
    assertThat(header(ScoreColumns.ofScoring(EnumSet.of(Score.EL2N))).split(","))
        .contains("el2n", "split", "content")
        .doesNotContain("loss", "grad_norm", "margin", "kept");
  }

  @Test
  void aRowHasACellForEachColumnAndNothingWhereNothingWasMeasured() {
    ScoreTable table = ScoreTable.forTraining(2, true, Ranking.of(Score.LOSS), 1);
    new Measured(0.1f, 0.1f, 1e-8f, 1.5f, 7, 0.25f, 1, false).in(table, 0, 3);
    ScoreRows rows = new ScoreRows(ScoreColumns.ofTraining(), table, NAMES);
    assertThat(String.join(",", rows.row(0)))
        .isEqualTo("row0,5000000000,cat,dog,0.25,0.1,1.0E-8,7.0,1.5,1,0.9048374,0,1,0,3,c0");
    assertThat(String.join(",", rows.row(1))).isEqualTo("row1,5000000001,cat,,,,,,,,,,1,0,0,c1");
  }

  @Test
  void qualityIsTheGeometricMeanOfTheLabelsProbability() {
    ScoreTable table = ScoreTable.forTraining(2, true, Ranking.of(Score.LOSS), 1);
    Measured.of((float) -Math.log(0.9), true, 0.9f).in(table, 0, 1);
    Measured.of((float) -Math.log(0.4), true, 0.4f).in(table, 0, 2);
    LabelQuality quality = new LabelQuality(table, NAMES);
    assertThat(quality.at(0)).isCloseTo((float) Math.sqrt(0.36), within(1e-6f));
    assertThat(quality.at(1)).isNaN();
  }

  @Test
  void anIssueIsALabelThatGetsFarLessThanItsClassAndIsNotPredicted() {
    ScoreTable table = ScoreTable.forTraining(6, true, Ranking.of(Score.LOSS), 1);
    double[] probabilities = {0.9, 0.8, 0.7, 0.1, 0.1, 0.2};
    boolean[] right = {true, true, true, false, true, false};
    for (int i = 0; i < 6; i++) {
      float loss = (float) -Math.log(probabilities[i]);
      Measured.of(loss, right[i], (float) probabilities[i]).in(table, i, 1);
    }
    // The mean quality is 0.47, a quarter of it 0.117: the last gets enough, the one before is
    // right.
    LabelQuality quality = new LabelQuality(table, NAMES);
    for (int i = 0; i < 6; i++) {
      assertThat(quality.issue(i)).as("sample %d", i).isEqualTo(i == 3);
    }
  }

  @Test
  void anIssueIsJudgedByTheFirstEpochsWhateverIsLearntByHeartLater() {
    ScoreTable table = ScoreTable.forTraining(4, true, Ranking.of(Score.LOSS), 1);
    for (int i = 0; i < 4; i++) {
      boolean suspect = i > 1;
      float loss = (float) -Math.log(suspect ? 0.01 : 0.9);
      Measured.of(loss, !suspect, suspect ? 0.01f : 0.9f).in(table, i, 1);
      boolean rightInTheFifth = i == 0 || i == 3;
      Measured.of(loss, rightInTheFifth, 0.5f).in(table, i, ScoreTable.QUALITY_EPOCHS);
      // twice in one epoch, as a draw with replacement may have it
      Measured.of(100, !rightInTheFifth, 0.5f).in(table, i, ScoreTable.QUALITY_EPOCHS);
      Measured.of(0.01f, !rightInTheFifth, 0.99f).in(table, i, ScoreTable.QUALITY_EPOCHS + 1);
    }
    LabelQuality quality = new LabelQuality(table, NAMES);
    assertThat(quality.at(2)).isCloseTo(0.01f, within(1e-6f));
    assertThat(quality.issue(0)).isFalse();
    assertThat(quality.issue(2)).isTrue();
    assertThat(quality.issue(3)).isFalse();
  }

  @Test
  void scoresAreNamedAsInTheContractAndATypoIsToldTheNearest() {
    assertThat(Score.keys())
        .containsExactly("grad_norm", "loss", "el2n", "margin", "forgetting", "random");
    assertThat(Score.parse("el2n")).isEqualTo(Score.EL2N);
    assertThatThrownBy(() -> Score.parse("gradnorm"))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("did you mean 'grad_norm'");
  }
}
