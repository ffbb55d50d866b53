package io.gradsieve.sieve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import java.util.EnumSet;
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
      };

  @Test
  void theHeaderOfARunIsTheContracts() {
    assertThat(String.join(",", ScoreColumns.header(ScoreColumns.ofTraining())))
        .isEqualTo(
            "id,index,label,predicted,confidence,loss,el2n,grad_norm,margin,forgetting,"
                + "label_quality,label_issue,kept,times_kept,scored_epoch");
  }

  @Test
  void scoringWritesTheSameColumnsUpToTheIssueAndThePart() {
    assertThat(
            String.join(
                ",", ScoreColumns.header(ScoreColumns.ofScoring(EnumSet.allOf(Score.class)))))
        .isEqualTo(
            "id,index,label,predicted,confidence,loss,el2n,grad_norm,margin,forgetting,"
                + "label_quality,label_issue,split");
    assertThat(ScoreColumns.header(ScoreColumns.ofScoring(EnumSet.of(Score.EL2N))))
        .contains("el2n", "split")
        .doesNotContain("loss", "grad_norm", "margin", "kept");
  }

  @Test
  void aRowHasACellForEachColumnAndNothingWhereNothingWasMeasured() {
    ScoreTable table = ScoreTable.forTraining(2, true, 1);
    table.record(0, 3, 0.1f, 0.1f, 1e-8f, 1.5f, 7, 0.25f, 1);
    assertThat(String.join(",", ScoreColumns.row(ScoreColumns.ofTraining(), table, NAMES, 0)))
        .isEqualTo("row0,5000000000,cat,dog,0.25,0.1,1.0E-8,7.0,1.5,,,,1,0,3");
    assertThat(String.join(",", ScoreColumns.row(ScoreColumns.ofTraining(), table, NAMES, 1)))
        .isEqualTo("row1,5000000001,cat,,,,,,,,,,1,0,0");
  }

  @Test
  void scoresAreNamedAsInTheContractAndATypoIsToldTheNearest() {
    assertThat(Score.keys()).containsExactly("grad_norm", "loss", "el2n", "margin", "random");
    assertThat(Score.parse("el2n")).isEqualTo(Score.EL2N);
    assertThatThrownBy(() -> Score.parse("gradnorm"))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("did you mean 'grad_norm'");
    assertThatThrownBy(() -> Score.parse("forgetting"))
        .isInstanceOf(GradsieveException.Usage.class);
  }
}
