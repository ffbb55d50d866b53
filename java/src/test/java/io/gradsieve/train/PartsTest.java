package io.gradsieve.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PartsTest {
  @Test
  void batchesAreCutIntoPartsThatDifferByAtMostOne() {
    Parts parts = Parts.of(new int[] {10, 4, 9, 1}, new int[] {3, 4, 5, 1}, 4);
    assertThat(parts.sizes()).containsExactly(3, 3, 4, 4, 3, 3, 3, 1);
    assertThat(parts.chosen()).containsExactly(0, 1, 2, 4, 1, 2, 2, 1);
    assertThat(parts.batches()).containsExactly(0, 0, 0, 1, 2, 2, 2, 3);
    boolean[] first = new boolean[8];
    boolean[] last = new boolean[8];
    for (int i = 0; i < 8; i++) {
      first[i] = parts.first(i);
      last[i] = parts.last(i);
    }
    assertThat(first).containsExactly(true, false, false, true, true, false, false, true);
    assertThat(last).containsExactly(false, false, true, true, false, false, true, true);
  }

  @Test
  void batchesThatFitStayWhole() {
    Parts parts = Parts.of(new int[] {4, 3}, new int[] {4, 3}, 4);
    assertThat(parts.sizes()).containsExactly(4, 3);
    assertThat(parts.batches()).containsExactly(0, 1);
  }
}
