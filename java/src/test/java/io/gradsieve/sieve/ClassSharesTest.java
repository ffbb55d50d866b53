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

  /** The classes that had to give one take it back, but for a last step's. */
  @ParameterizedTest
  @CsvSource({"0.4, 5", "0.3, 5", "0.25, 8"})
  void oneAtLeastInEveryStepChangesNoShare(double share, int batch) {
    int[] labels = labels();
    ClassShares shares = new ClassShares(share, SIZES);
    int[] kept = new int[SIZES.length];
    for (int from = 0; from + batch <= labels.length; from += batch) {
      IntBuffer step = IntBuffer.wrap(labels, from, batch).slice();
      int[] counts = shares.next(step, batch, true);
      assertThat(Arrays.stream(counts).sum()).isBetween(1, batch);
      for (int c = 0; c < counts.length; c++) {
        kept[c] += counts[c];
      }
    }
    int[] quotas = Share.quotas(share, SIZES);
    for (int c = 0; c < SIZES.length; c++) {
      assertThat(kept[c]).as("class %d", c).isBetween(quotas[c], quotas[c] + 1);
    }
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
