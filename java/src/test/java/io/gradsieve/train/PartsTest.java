package io.gradsieve.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.sieve.RankShare;
import io.gradsieve.train.Parts.Part;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class PartsTest {
  private static List<Integer> batches(Parts parts) {
    return parts.all().stream().map(Part::batch).toList();
  }

  @Test
  void batchesAreCutIntoPartsThatDifferByAtMostOne() {
    Parts parts = Parts.of(new int[] {10, 4, 9, 1}, new int[] {3, 4, 5, 1}, 4, RankShare.WHOLE);
    assertThat(parts.sizes()).containsExactly(3, 3, 4, 4, 3, 3, 3, 1);
    assertThat(parts.all()).extracting(Part::chosen).containsExactly(0, 1, 2, 4, 1, 2, 2, 1);
    assertThat(batches(parts)).containsExactly(0, 0, 0, 1, 2, 2, 2, 3);
    assertThat(parts.all()).extracting(Part::from).containsExactly(0, 3, 6, 10, 14, 17, 20, 23);
    assertThat(parts.all()).extracting(Part::done).containsExactly(3, 6, 10, 14, 17, 20, 23, 24);
    assertThat(parts.all())
        .extracting(Part::first)
        .containsExactly(true, false, false, true, true, false, false, true);
    assertThat(parts.all())
        .extracting(Part::last)
        .containsExactly(false, false, true, true, false, false, true, true);
  }

  @Test
  void batchesThatFitStayWhole() {
    Parts parts = Parts.of(new int[] {4, 3}, new int[] {4, 3}, 4, RankShare.WHOLE);
    assertThat(parts.sizes()).containsExactly(4, 3);
    assertThat(batches(parts)).containsExactly(0, 1);
  }

  @Test
  void workersCutTheirSharesAlikeAndTogetherTakeEverySampleOnce() {
    RandomBits random = RandomBits.of(TestSeed.of(5), "shares", 0);
    for (int trial = 0; trial < 200; trial++) {
      RandomBits draw = random.at(trial);
      int world = 1 + draw.below(0, 5);
      int most = 1 + draw.below(1, 6);
      int[] sizes = new int[1 + draw.below(2, 4)];
      Arrays.setAll(sizes, b -> 1 + draw.below(10 + b, 20));
      int[] chosen = new int[sizes.length];
      Arrays.setAll(chosen, b -> 1 + draw.below(20 + b, sizes[b]));
      int all = Arrays.stream(sizes).sum();
      int[] taken = new int[all];
      int[] chosenOf = new int[sizes.length];
      Parts whole = Parts.of(sizes, chosen, most, new RankShare(0, world));
      for (int rank = 0; rank < world; rank++) {
        Parts parts = Parts.of(sizes, chosen, most, new RankShare(rank, world));
        assertThat(batches(parts)).isEqualTo(batches(whole));
        for (Part part : parts.all()) {
          assertThat(part.size()).isBetween(0, most);
          for (int entry = part.from(); entry < part.to(); entry++) {
            taken[entry]++;
          }
          chosenOf[part.batch()] += part.chosen();
        }
        assertThat(parts.get(parts.count() - 1).done()).isEqualTo(all);
      }
      assertThat(taken).containsOnly(1);
      assertThat(chosenOf).isEqualTo(chosen);
    }
  }

  @Test
  void aRankLiesInItsWorld() {
    assertThatThrownBy(() -> new RankShare(2, 2)).hasMessage("rank 2 of a world of 2");
    assertThat(new RankShare(1, 3).from(2)).isZero();
    assertThat(new RankShare(1, 3).to(2)).isEqualTo(1);
  }
}
