package io.gradsieve.sieve;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import java.nio.IntBuffer;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClassSharesTest {
  private static final int[] SIZES = {600, 300, 61, 33, 5, 0, 1};

  @ParameterizedTest
  @CsvSource({"0.25, 128", "0.25, 16", "0.1, 8", "0.25, 3", "0.5, 1", "1, 40"})
  void anEpochKeepsTheQuotaOfEveryClassInStepsOfAnySize(double share, int batch) {
    int[] labels = labels();
    ClassShares shares = new ClassShares(share, SIZES);
    int[] kept = new int[SIZES.length];
    for (int from = 0; from < labels.length; from += batch) {
      int size = Math.min(batch, labels.length - from);
      int[] there = new int[SIZES.length];
      for (int i = from; i < from + size; i++) {
        there[labels[i]]++;
      }
      int[] counts = shares.next(IntBuffer.wrap(labels, from, size).slice(), size, false);
      for (int c = 0; c < counts.length; c++) {
        assertThat(counts[c]).isBetween(0, there[c]);
        kept[c] += counts[c];
      }
    }
    assertThat(kept).isEqualTo(Share.quotas(share, SIZES));
  }

  @ParameterizedTest
  @CsvSource({"0.05, 2", "0.3, 1"})
  void oneIsTakenWhereOneIsAskedFor(double share, int batch) {
    int[] labels = labels();
    ClassShares shares = new ClassShares(share, SIZES);
    for (int from = 0; from + batch <= labels.length; from += batch) {
      IntBuffer step = IntBuffer.wrap(labels, from, batch).slice();
      assertThat(Arrays.stream(shares.next(step, batch, true)).sum()).isBetween(1, batch);
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 7", "40, 7", "999, 1"})
  void anEpochThatGoesOnTakesWhatItWouldHaveTaken(int done, int batch) {
    int[] labels = labels();
    ClassShares whole = new ClassShares(0.3, SIZES);
    ClassShares resumed = new ClassShares(0.3, SIZES);
    for (int i = 0; i < done; i++) {
      whole.next(IntBuffer.wrap(new int[] {labels[i]}), 1, false);
      resumed.skip(labels[i]);
    }
    IntBuffer step = IntBuffer.wrap(labels, done, batch).slice();
    int[] expected = whole.next(step, batch, false).clone();
    assertThat(resumed.next(step, batch, false)).isEqualTo(expected);
  }

  private static int[] labels() {
    int[] sorted = new int[Arrays.stream(SIZES).sum()];
    int next = 0;
    for (int c = 0; c < SIZES.length; c++) {
      Arrays.fill(sorted, next, next += SIZES[c], c);
    }
    int[] order = RandomBits.of(1, "labels", 0).permutation(sorted.length);
    return Arrays.stream(order).map(i -> sorted[i]).toArray();
  }
}
