package io.gradsieve.sieve.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.EarlyEpochs;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.Measured;
import io.gradsieve.sieve.ScoreTable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An epoch of SGD at these moves as far as a full one, however it is cut. */
class EpochLengthTest {
  private static final int N = 1000;
  private static final int BATCH = 64;
  private static final int DRAWS = 400;

  /**
   * Where every sample pulls the same way by one, the way of an epoch at rate 1 is Σ over its steps
   * of lr_scale · Σ w_i / (b·w̄). Sizes of plans are whole batches but for the last, so steps
   * differ by less than one from what the samples are worth.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "none",
        "soft:r=0.5,until=1",
        "importance:keep=0.5",
        "variance:keep=0.5",
        "variance:keep=0.3,unscored=mean",
        "random:keep=0.35",
        "hide:fraction=0.4",
        "soft:r=0.5,until=1,steps=fewer",
        "importance:keep=0.5,steps=fewer",
        "variance:keep=0.3,steps=fewer",
        "variance:keep=0.5,steps=fewer,balanced=true",
        "random:keep=0.35,steps=fewer",
        "hide:fraction=0.4,steps=fewer",
      })
  void anEpochOfEqualGradientsMovesAsFarAsAFullOne(String spec) {
    ScoreTable table = ScoreTable.forTraining(N, true, Tables.LOSS, new EarlyEpochs(2, 10), 1);
    RandomBits draws = RandomBits.of(3, "scores", 0);
    int[] classes = new int[N];
    for (int i = 0; i < N; i++) {
      classes[i] = i % 3;
      if (i % 4 > 0 || !spec.contains("unscored")) {
        Measured.of((float) Math.exp(3 * draws.uniform(i)), true, 0.9f).in(table, i, 1);
      }
    }
    SievePolicy policy = Policies.parse(spec);
    double way = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
      way += way(policy.plan(table, Tables.classes(BATCH, draw, classes))) / DRAWS;
    }
    double full = (N + BATCH - 1) / BATCH;
    assertThat(way).isEqualTo(full, within(spec.contains("fewer") ? 1 : 0.02 * full));
  }

  private static double way(EpochPlan plan) {
    double way = 0;
    int next = 0;
    for (int size : plan.batchSizes()) {
      double sum = 0;
      for (int k = 0; k < size; k++) {
        sum += plan.weights()[next++];
      }
      way += plan.lrScale() * sum / (size * plan.meanWeight());
    }
    return way;
  }
}
