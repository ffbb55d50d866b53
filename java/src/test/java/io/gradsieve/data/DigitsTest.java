package io.gradsieve.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class DigitsTest {
  private final Dataset digits = DataSource.open(DataRequest.train("digits"));

  @Test
  void digitsHave1797ImagesOfTenClasses() {
    assertThat(digits.size()).isEqualTo(1797);
    assertThat(digits.shape()).isEqualTo(new SampleShape(1, 8, 8));
    assertThat(digits.bytes()).isTrue();
    assertThat(digits.classes()).hasSize(10).startsWith("0").endsWith("9");
    assertThat(digits.name()).isEqualTo("digits");
  }

  @Test
  void aFifthOfEveryClassIsTheTestPart() {
    assertThat(digits.test()).hasSize(359);
    assertThat(digits.train()).hasSize(1438);
    long[] test = new long[10];
    long[] all = new long[10];
    Arrays.stream(digits.test()).forEach(i -> test[digits.label(i)]++);
    for (int i = 0; i < digits.size(); i++) {
      all[digits.label(i)]++;
    }
    for (int k = 0; k < 10; k++) {
      assertThat((double) test[k]).isBetween(0.2 * all[k] - 1, 0.2 * all[k] + 1);
    }
  }

  @Test
  void theFirstDigitIsTheZeroOfTheFile() {
    byte[] zero = new byte[64];
    digits.copy(0, java.nio.ByteBuffer.wrap(zero), 0);
    assertThat(zero).startsWith(0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15);
    assertThat(digits.label(0)).isZero();
    assertThat(digits.id(7)).isEqualTo("7");
  }

  @Test
  void meanAndDeviationAreThoseOfTheTrainingPart() {
    double sum = 0;
    double squares = 0;
    byte[] image = new byte[64];
    for (int i : digits.train()) {
      digits.copy(i, java.nio.ByteBuffer.wrap(image), 0);
      for (byte b : image) {
        sum += b / 255.0;
        squares += b / 255.0 * b / 255.0;
      }
    }
    double n = digits.train().length * 64.0;
    var figures = digits.schema().normalize().orElseThrow();
    assertThat(figures.mean().get(0))
        .isCloseTo(sum / n, org.assertj.core.data.Offset.offset(1e-12));
    assertThat(figures.deviation().get(0))
        .isCloseTo(
            Math.sqrt(squares / n - sum / n * sum / n), org.assertj.core.data.Offset.offset(1e-9));
  }
}
