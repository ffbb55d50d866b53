package io.gradsieve.data.augment;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AugmentTest {
  private static final int H = 6;
  private static final int W = 5;
  private static final int C = 3;

  private static byte[] image() {
    byte[] image = new byte[H * W * C];
    for (int i = 0; i < image.length; i++) {
      image[i] = (byte) (i + 1);
    }
    return image;
  }

  private static byte[] apply(Augment augment, long bits) {
    byte[] target = new byte[H * W * C];
    Arrays.fill(target, (byte) -1);
    augment.apply(bits, image(), H, W, C, target);
    return target;
  }

  /** The straightforward definition: pad, cut, mirror. */
  private static byte[] reference(int down, int right, boolean mirror) {
    byte[] image = image();
    byte[] out = new byte[image.length];
    for (int y = 0; y < H; y++) {
      for (int x = 0; x < W; x++) {
        int fromY = y + down;
        int fromX = (mirror ? W - 1 - x : x) + right;
        for (int c = 0; c < C; c++) {
          boolean inside = fromY >= 0 && fromY < H && fromX >= 0 && fromX < W;
          out[(y * W + x) * C + c] = inside ? image[(fromY * W + fromX) * C + c] : 0;
        }
      }
    }
    return out;
  }

  @Test
  void everyCropAndFlipIsOneOfThePaddedImage() {
    Map<String, Integer> seen = new HashMap<>();
    RandomBits draws = Augment.draws(3, 1);
    for (int i = 0; i < 20_000; i++) {
      byte[] found = apply(Augment.CROP_FLIP, draws.bits(i));
      seen.merge(Arrays.toString(found), 1, Integer::sum);
    }
    int different = 0;
    for (int down = -4; down <= 4; down++) {
      for (int right = -4; right <= 4; right++) {
        for (boolean mirror : new boolean[] {false, true}) {
          Integer count = seen.remove(Arrays.toString(reference(down, right, mirror)));
          // 20,000 / 162 = 123 on average, deviation 11
          assertThat(count).as("%d %d %s", down, right, mirror).isBetween(60, 190);
          different++;
        }
      }
    }
    assertThat(different).isEqualTo(162);
    assertThat(seen).isEmpty();
  }

  @Test
  void flipKeepsOrMirrorsAndNoneKeeps() {
    RandomBits draws = Augment.draws(1, 1);
    int mirrored = 0;
    for (int i = 0; i < 1000; i++) {
      byte[] found = apply(Augment.FLIP, draws.bits(i));
      if (Arrays.equals(found, reference(0, 0, true))) {
        mirrored++;
      } else {
        assertThat(found).isEqualTo(image());
      }
      assertThat(apply(Augment.NONE, draws.bits(i))).isEqualTo(image());
    }
    assertThat(mirrored).isBetween(430, 570);
  }

  @Test
  void aChangeDependsOnSeedEpochAndSampleAlone() {
    assertThat(Augment.draws(1, 2).bits(3)).isEqualTo(Augment.draws(1, 2).bits(3));
    assertThat(Augment.draws(1, 2).bits(3)).isNotEqualTo(Augment.draws(2, 2).bits(3));
    assertThat(Augment.draws(1, 2).bits(3)).isNotEqualTo(Augment.draws(1, 3).bits(3));
  }

  @Test
  void namesAreThoseOfTheOption() {
    assertThat(Augment.values())
        .extracting(Augment::key)
        .containsExactly("none", "flip", "crop", "crop+flip");
  }
}
