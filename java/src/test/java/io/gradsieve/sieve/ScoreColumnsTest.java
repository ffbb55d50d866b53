package io.gradsieve.sieve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.GradsieveException;
import java.util.Arrays;
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
    ScoreTable nothing = ScoreTable.forRanking(0, Ranking.of(Score.LOSS), false, 1);
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
    ScoreTable table =
        ScoreTable.forTraining(2, true, Ranking.of(Score.LOSS), new EarlyEpochs(2, 10), 1);
    new Measured(0.1f, 0.1f, 1e-8f, 1.5f, 7, 1, false).in(table, 0, 3);
    ScoreRows rows = new ScoreRows(ScoreColumns.ofTraining(), table, NAMES);
    assertThat(String.join(",", rows.row(0)))
        .isEqualTo("row0,5000000000,cat,dog,0.9048374,0.1,1.0E-8,7.0,1.5,1,0.9048374,0,1,0,3,c0");
    assertThat(String.join(",", rows.row(1))).isEqualTo("row1,5000000001,cat,,,,,,,,,,1,0,0,c1");
  }

  @Test
  void qualityIsTheGeometricMeanOfTheLabelsProbability() {
    ScoreTable table =
        ScoreTable.forTraining(2, true, Ranking.of(Score.LOSS), new EarlyEpochs(2, 10), 1);
    table.endEpoch(1, 0.1);
    Measured.of(0, true, 0.9f).in(table, 0, 1);
    Measured.of(0, true, 0.4f).in(table, 0, 2);
    LabelQuality quality = new LabelQuality(table, NAMES);
    assertThat(quality.at(0)).isCloseTo((float) Math.sqrt(0.36), within(1e-6f));
    assertThat(quality.at(1)).isNaN();
  }

  /** What networks give labels, of samples that are right or not. */
  private static LabelQuality quality(double[] probabilities, boolean[] right) {
    int samples = right.length;
    ScoreTable table =
        ScoreTable.forTraining(samples, true, Ranking.of(Score.LOSS), new EarlyEpochs(2, 10), 1);
    for (int i = 0; i < samples; i++) {
      Measured.of(0, right[i], (float) probabilities[i]).in(table, i, 1);
    }
    table.endEpoch(1, 0.1);
    return new LabelQuality(table, NAMES);
  }

  @Test
  void anIssueIsALabelThatGetsFarLessThanItsClassAndIsNotPredicted() {
    double[] probabilities = {0.9, 0.8, 0.7, 0.08, 0.08, 0.2};
    boolean[] right = {true, true, true, false, true, false};
    // The mean quality is 0.46, a fifth of it 0.093: the last gets enough, the one before is
    // right.
    LabelQuality quality = quality(probabilities, right);
    for (int i = 0; i < 6; i++) {
      assertThat(quality.issue(i)).as("sample %d", i).isEqualTo(i == 3);
    }
  }

  @Test
  void whatANetworkThatIsRightMoreOftenThanItIsSureGivesALabelIsSharpenedFirst() {
    double[] probabilities = new double[32];
    boolean[] right = new boolean[32];
    Arrays.fill(probabilities, 0.62);
    Arrays.fill(right, true);
    probabilities[3] = 0.38;
    probabilities[4] = 0.49;
    right[3] = false;
    right[4] = false;
    LabelQuality quality = quality(probabilities, right);
    for (int i = 0; i < 32; i++) {
      assertThat(quality.issue(i)).as("sample %d", i).isEqualTo(i == 3);
    }
    assertThat(quality.at(3)).isCloseTo(0.38f, within(1e-6f));
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
