package io.gradsieve;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import java.util.List;
import org.junit.jupiter.api.Test;

class GradsieveExceptionTest {
  @Test
  void aMessageIsOneLineWithoutControlCodesWhateverItQuotes() {
    String quoted = "f.csv: 'a\nb\r\n\u001b[31mred\u2028\u0000'";
    assertThat(new BadData(quoted)).hasMessage("f.csv: 'a b [31mred '");
    assertThat(new BadData("x".repeat(1 << 20)).getMessage()).hasSize(2_000).endsWith("…");
    assertThat(new Usage("ä 1 – ok").getMessage()).isEqualTo("ä 1 – ok");
  }

  @Test
  void namesOfAnyLengthAreCompared() {
    String huge = "label" + "x".repeat(1 << 24);
    assertThat(GradsieveException.nearest(huge, List.of("label", huge))).isEqualTo(huge);
    assertThat(GradsieveException.nearest("lable", List.of("data", "label"))).isEqualTo("label");
  }
}
