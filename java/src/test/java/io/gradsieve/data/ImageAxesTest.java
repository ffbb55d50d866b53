package io.gradsieve.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ImageAxesTest {
  private static final SampleShape RGB = new SampleShape(3, 32, 32);

  private static void reads(int a, int b, int c, SampleShape shape, boolean channelsLast) {
    ImageAxes axes = ImageAxes.of(a, b, c);
    assertThat(axes.shape()).as(axes.toString()).isEqualTo(shape);
    assertThat(axes.channelsLast()).as(axes.toString()).isEqualTo(channelsLast);
  }

  @Test
  void theEndThatLooksLikeChannelsHoldsThem() {
    reads(32, 32, 3, RGB, true);
    reads(3, 32, 32, RGB, false);
    reads(28, 28, 1, new SampleShape(1, 28, 28), true);
    reads(1, 28, 28, new SampleShape(1, 28, 28), false);
    reads(8, 8, 4, new SampleShape(4, 8, 8), true);
    reads(4, 8, 8, new SampleShape(4, 8, 8), false);
    reads(9, 7, 2, new SampleShape(2, 9, 7), true);
    reads(3, 4, 5, new SampleShape(3, 4, 5), false);
    // RGB is likelier than four channels
    reads(4, 5, 3, new SampleShape(3, 4, 5), true);
    reads(3, 5, 4, new SampleShape(3, 5, 4), false);
  }

  @Test
  void ifBothOrNeitherLookLikeChannelsSquareImagesDecide() {
    reads(3, 3, 1, new SampleShape(1, 3, 3), true);
    reads(1, 3, 3, new SampleShape(1, 3, 3), false);
    reads(16, 8, 8, new SampleShape(16, 8, 8), false);
    reads(8, 8, 16, new SampleShape(16, 8, 8), true);
    reads(64, 7, 7, new SampleShape(64, 7, 7), false);
    reads(32, 32, 5, new SampleShape(5, 32, 32), true);
  }

  @Test
  void elseTheSmallerEndOrPytorchsOrder() {
    reads(30, 40, 5, new SampleShape(5, 30, 40), true);
    reads(5, 30, 40, new SampleShape(5, 30, 40), false);
    reads(3, 3, 3, new SampleShape(3, 3, 3), false);
    reads(3, 5, 3, new SampleShape(3, 5, 3), false);
    reads(5, 6, 5, new SampleShape(5, 6, 5), false);
  }

  @Test
  void onlyPytorchsOrderWithoutDoubtIsClear() {
    assertThat(ImageAxes.of(3, 32, 32).clear()).isTrue();
    assertThat(ImageAxes.of(16, 8, 8).clear()).isTrue();
    assertThat(ImageAxes.of(32, 32, 3).clear()).isFalse();
    assertThat(ImageAxes.of(3, 5, 3).clear()).isFalse();
    assertThat(ImageAxes.of(5, 6, 7).clear()).isFalse();
  }

  /** All shapes up to 6: what an array can be read as is written so that it is read so again. */
  @Test
  void samplesReadFromAnArrayAreWrittenSoThatTheyAreReadTheSame() {
    for (int a = 1; a <= 6; a++) {
      for (int b = 1; b <= 6; b++) {
        for (int c = 1; c <= 6; c++) {
          SampleShape shape = ImageAxes.of(a, b, c).shape();
          ImageAxes written = ImageAxes.toWrite(shape).orElseThrow();
          assertThat(written.shape()).isEqualTo(shape);
        }
      }
    }
    // seven of PyTorch's channels before 3x3 pixels look like 7x3 pixels of three channels
    assertThat(ImageAxes.toWrite(new SampleShape(7, 3, 3))).isEmpty();
  }

  /** Applies the advice to the sizes and reads them: channels are what was no channel before. */
  @Test
  void theAdviceForTheOtherOrderLeadsToIt() {
    for (int a = 1; a <= 6; a++) {
      for (int b = 1; b <= 6; b++) {
        for (int c = 1; c <= 6; c++) {
          ImageAxes axes = ImageAxes.of(a, b, c);
          ImageAxes other =
              switch (axes.forOtherOrder()) {
                case "transpose(0, 2, 3, 1)" -> ImageAxes.of(b, c, a);
                case "transpose(0, 1, 3, 2)" -> ImageAxes.of(a, c, b);
                case "transpose(0, 2, 1, 3)" -> ImageAxes.of(b, a, c);
                case "transpose(0, 3, 1, 2)" -> ImageAxes.of(c, a, b);
                case "reshape(len(x), -1)" -> axes;
                default -> throw new AssertionError(axes.forOtherOrder());
              };
          if (other != axes) {
            assertThat(other.shape().channels())
                .as("%d %d %d %s", a, b, c, axes.forOtherOrder())
                .isEqualTo(axes.channelsLast() ? a : c);
          }
        }
      }
    }
    assertThat(ImageAxes.of(32, 32, 3).forOtherOrder()).isEqualTo("transpose(0, 1, 3, 2)");
    assertThat(ImageAxes.of(30, 40, 5).forOtherOrder()).isEqualTo("transpose(0, 2, 3, 1)");
    assertThat(ImageAxes.of(3, 5, 3).forOtherOrder()).isEqualTo("transpose(0, 3, 1, 2)");
  }
}
