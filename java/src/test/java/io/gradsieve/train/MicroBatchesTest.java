package io.gradsieve.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.RankShare;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class MicroBatchesTest {
  private static List<Integer> steps(List<MicroBatch> parts) {
    return parts.stream().map(MicroBatch::step).toList();
  }

  /** A plan of batches of these sizes, of which a share goes backward. */
  private static EpochPlan plan(double backwardShare, int... sizes) {
    int kept = Arrays.stream(sizes).sum();
    int[] order = new int[kept];
    Arrays.setAll(order, i -> i);
    return new EpochPlan(order, new float[kept], 1, sizes, 1, backwardShare, true, false);
  }

  @Test
  void batchesAreCutIntoPartsThatDifferByAtMostOne() {
    List<MicroBatch> parts = MicroBatches.of(plan(0.5, 10, 4, 9, 1), 4, RankShare.WHOLE);
    assertThat(MicroBatches.sizes(parts)).containsExactly(3, 3, 4, 4, 3, 3, 3, 1);
    assertThat(parts).extracting(MicroBatch::backward).containsExactly(1, 2, 2, 2, 1, 2, 2, 1);
    assertThat(parts)
        .extracting(MicroBatch::backwardOfStep)
        .containsExactly(5, 5, 5, 2, 5, 5, 5, 1);
    assertThat(parts).extracting(MicroBatch::number).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
    assertThat(steps(parts)).containsExactly(0, 0, 0, 1, 2, 2, 2, 3);
    assertThat(parts).extracting(MicroBatch::from).containsExactly(0, 3, 6, 10, 14, 17, 20, 23);
    assertThat(parts).extracting(MicroBatch::done).containsExactly(3, 6, 10, 14, 17, 20, 23, 24);
    assertThat(parts)
        .extracting(MicroBatch::first)
        .containsExactly(true, false, false, true, true, false, false, true);
    assertThat(parts)
        .extracting(MicroBatch::last)
        .containsExactly(false, false, true, true, false, false, true, true);
  }

  @Test
  void batchesThatFitStayWhole() {
    List<MicroBatch> parts = MicroBatches.of(plan(1, 4, 3), 4, RankShare.WHOLE);
    assertThat(MicroBatches.sizes(parts)).containsExactly(4, 3);
    assertThat(steps(parts)).containsExactly(0, 1);
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
      EpochPlan plan = plan((1 + draw.below(20, 10)) / 10.0, sizes);
      int all = Arrays.stream(sizes).sum();
      int[] taken = new int[all];
      int[] backwardOf = new int[sizes.length];
      List<MicroBatch> whole = MicroBatches.of(plan, most, new RankShare(0, world));
      for (int rank = 0; rank < world; rank++) {
        List<MicroBatch> parts = MicroBatches.of(plan, most, new RankShare(rank, world));
        assertThat(steps(parts)).isEqualTo(steps(whole));
        for (MicroBatch part : parts) {
          assertThat(part.size()).isBetween(0, most);
          for (int entry = part.from(); entry < part.to(); entry++) {
            taken[entry]++;
          }
          backwardOf[part.step()] += part.backward();
        }
        assertThat(parts.get(parts.size() - 1).done()).isEqualTo(all);
      }
      assertThat(taken).containsOnly(1);
      assertThat(backwardOf).isEqualTo(plan.backwardSizes());
    }
  }

  /** How many of each class go backward in each step, over some workers' parts. */
  private static int[][] ofClasses(List<MicroBatch> parts, int steps) {
    int[][] sums = new int[steps][3];
    for (MicroBatch part : parts) {
      for (int c = 0; c < 3; c++) {
        sums[part.step()][c] += part.backwardOfClass()[c];
      }
    }
    return sums;
  }

  @Test
  void whereClassesAreBalancedWorkersTogetherChooseWhatOneWould() {
    RandomBits random = RandomBits.of(TestSeed.of(6), "classes", 0);
    for (int trial = 0; trial < 200; trial++) {
      RandomBits draw = random.at(trial);
      int[] sizes = new int[1 + draw.below(0, 5)];
      Arrays.setAll(sizes, b -> 1 + draw.below(10 + b, 20));
      EpochPlan plan = plan((1 + draw.below(1, 10)) / 10.0, sizes);
      int[] classes = new int[plan.kept()];
      Arrays.setAll(classes, i -> draw.below(100 + i, 3));
      List<MicroBatch> one = MicroBatches.balanced(plan, 20, 1, classes, 3).get(0);
      int world = 1 + draw.below(3, 4);
      int most = 1 + draw.below(2, 6);
      List<MicroBatch> all = new ArrayList<>();
      List<List<MicroBatch>> byRank = MicroBatches.balanced(plan, most, world, classes, 3);
      for (int rank = 0; rank < world; rank++) {
        RankShare share = new RankShare(rank, world);
        List<MicroBatch> own = byRank.get(rank);
        assertThat(steps(own)).isEqualTo(steps(MicroBatches.of(plan, most, share)));
        all.addAll(own);
      }
      int[] ofStep = new int[sizes.length];
      for (MicroBatch part : all) {
        assertThat(Arrays.stream(part.backwardOfClass()).sum()).isEqualTo(part.backward());
        assertThat(part.backward()).isBetween(0, Math.max(0, part.size() + 3));
        ofStep[part.step()] += part.backward();
      }
      for (MicroBatch part : all) {
        assertThat(part.backwardOfStep()).isEqualTo(ofStep[part.step()]).isPositive();
      }
      assertThat(ofClasses(all, sizes.length)).isDeepEqualTo(ofClasses(one, sizes.length));
    }
  }

  @Test
  void aRankLiesInItsWorld() {
    assertThatThrownBy(() -> new RankShare(2, 2)).hasMessage("rank 2 of a world of 2");
    assertThat(new RankShare(1, 3).from(2)).isZero();
    assertThat(new RankShare(1, 3).to(2)).isEqualTo(1);
  }
}
