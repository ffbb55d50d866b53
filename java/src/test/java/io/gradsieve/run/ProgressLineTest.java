package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressLineTest {
  private static final List<String> FIGURES =
      List.of(
          "epoch 3/20",
          "loss 0.412",
          "accuracy 0.871",
          "kept 61 %",
          "2,870/s",
          "left 4m10s",
          "ends 15:42");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "199 | ━━━━━━━━━━────────── epoch 3/20  loss 0.412  accuracy 0.871  kept 61 %  2,870/s  left 4m10s  ends 15:42",
        "99 | ━━━━━━━━──────── epoch 3/20  loss 0.412  accuracy 0.871  kept 61 %  2,870/s  left 4m10s  ends 15:42",
        "86 | epoch 3/20  loss 0.412  accuracy 0.871  kept 61 %  2,870/s  left 4m10s  ends 15:42",
        "79 | epoch 3/20 loss 0.412 accuracy 0.871 kept 61 % 2,870/s left 4m10s ends 15:42",
        "59 | epoch 3/20 loss 0.412 accuracy 0.871 kept 61 % 2,870/s",
        "39 | epoch 3/20 loss 0.412 accuracy 0.871",
        "5 | epoch",
        "0 | ''",
        "-1 | ''"
      })
  void aNarrowTerminalGetsWhatFits(int columns, String line) {
    assertThat(ProgressReport.fitted(0.5, FIGURES, columns)).isEqualTo(line);
  }

  @Test
  void noWidthMakesASecondLine() {
    for (int columns = 1; columns < 250; columns++) {
      assertThat(ProgressReport.fitted(1, FIGURES, columns)).hasSizeLessThanOrEqualTo(columns);
    }
  }
}
