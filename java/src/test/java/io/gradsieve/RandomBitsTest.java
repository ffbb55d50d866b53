package io.gradsieve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RandomBitsTest {
  /**
   * The same words stand in kernel-cases/dropout.cpp: the native twin draws what this class draws.
   */
  @Test
  void drawsTheWordsThatTheNativeTwinDraws() {
    RandomBits sample = RandomBits.of(1, "dropout", 3).at(2).at(42);

    assertThat(sample.bits(0)).isEqualTo(0x5fcd200cc46e585cL);
    assertThat(sample.bits(7)).isEqualTo(0x5eb5c0bcbb4e03c3L);
  }

  @Test
  void everyPartOfTheKeyChangesTheDraw() {
    long draw = RandomBits.of(1, "shuffle", 2).at(3).bits(4);

    assertThat(
            new long[] {
              RandomBits.of(2, "shuffle", 2).at(3).bits(4),
              RandomBits.of(1, "dropout", 2).at(3).bits(4),
              RandomBits.of(1, "shuffle", 3).at(3).bits(4),
              RandomBits.of(1, "shuffle", 2).at(4).bits(4),
              RandomBits.of(1, "shuffle", 2).at(3).bits(5)
            })
        .doesNotContain(draw)
        .doesNotHaveDuplicates();
  }

  @Test
  void uniformDrawsFillTheUnitIntervalEvenly() {
    RandomBits stream = RandomBits.of(11, "test", 0);
    int draws = 100_000;
    int[] tenths = new int[10];
    for (int i = 0; i < draws; i++) {
      double u = stream.uniform(i);
      assertThat(u).isBetween(0.0, Math.nextDown(1.0));
      tenths[(int) (u * 10)]++;
    }

    // Five standard deviations of a count of 10,000 with variance 9,000.
    for (int count : tenths) {
      assertThat(count).isBetween(10_000 - 475, 10_000 + 475);
    }
  }

  @Test
  void drawsBelowABoundStayBelowItAndReachAll() {
    RandomBits stream = RandomBits.of(12, "test", 0);
    boolean[] seen = new boolean[7];
    for (int i = 0; i < 1000; i++) {
      seen[stream.below(i, 7)] = true;
    }

    assertThat(seen).containsOnly(true);
    assertThat(stream.below(5, 1)).isZero();
  }

  @Test
  void aPermutationHoldsEveryPositionOnce() {
    for (int n : new int[] {0, 1, 2, 1000}) {
      int[] permutation = RandomBits.of(13, "shuffle", n).permutation(n);
      int[] sorted = permutation.clone();
      Arrays.sort(sorted);

      for (int i = 0; i < n; i++) {
        assertThat(sorted[i]).isEqualTo(i);
      }
    }
  }
}
