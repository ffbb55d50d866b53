package io.gradsieve.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.policy.Policies;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SieveTest {
  private static final int SAMPLES = 1_000;
  private static final int EPOCHS = 6;

  private static Loop everything() {
    int[] classes = IntStream.range(0, SAMPLES).map(i -> i % 3).toArray();
    return Loop.standard().epochs(EPOCHS).batchSize(100).classes(classes).judges().chooses();
  }

  static List<String> served() {
    return Policies.names().stream().filter(name -> !name.equals("learned")).toList();
  }

  /** Scores that stay: sample i has i / N. */
  private static float score(int sample) {
    return (float) sample / SAMPLES;
  }

  /** One epoch of a loop: the samples that went backward. */
  private static Set<Integer> epoch(Sieve sieve, int number) {
    EpochPlan plan = sieve.plan(number);
    Set<Integer> backward = new HashSet<>();
    int from = 0;
    for (int size : plan.batchSizes()) {
      int[] ids = Arrays.copyOfRange(plan.order(), from, from + size);
      from += size;
      float[] scores = scores(ids);
      for (int row : sieve.choose(scores)) {
        backward.add(ids[row]);
      }
      record(sieve, ids, scores);
    }
    int[] out = sieve.leftOut();
    record(sieve, out, scores(out));
    return backward;
  }

  private static float[] scores(int[] ids) {
    float[] scores = new float[ids.length];
    for (int i = 0; i < ids.length; i++) {
      scores[i] = score(ids[i]);
    }
    return scores;
  }

  private static void record(Sieve sieve, int[] ids, float[] scores) {
    boolean[] right = new boolean[ids.length];
    float[] confidence = new float[ids.length];
    Arrays.fill(right, true);
    Arrays.fill(confidence, 0.99f);
    sieve.record(ids, scores, right, confidence);
  }

  @ParameterizedTest
  @MethodSource("served")
  void everyPolicyServesALoopThatTellsAll(String policy) {
    Sieve sieve = Sieve.of(policy, SAMPLES, everything());
    int backward = 0;
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
      Set<Integer> went = epoch(sieve, epoch);
      assertThat(went).isNotEmpty();
      backward += went.size();
      if (epoch == 1) {
        assertThat(went).hasSize(SAMPLES);
      }
    }
    if (policy.equals("none")) {
      assertThat(backward).isEqualTo(EPOCHS * SAMPLES);
    } else {
      assertThat(backward).isLessThan(EPOCHS * SAMPLES * 19 / 20);
    }
    assertThat(sieve.scores()[7]).isEqualTo(score(7));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          learned               | sieve learned trains a network on the samples' inputs
          soft                  | sieve soft goes by shares of the whole run: give Loop.epochs
          hide                  | sieve hide goes by shares of the whole run: give Loop.epochs
          batch                 | go backward with Sieve.choose, and say so by Loop.chooses
          variance:balanced=true | keeps the same share of every class: give Loop.classes
          varience              | unknown sieve 'varience': did you mean 'variance'?
          variance:keep=2       | sieve variance: keep must lie in (0,1], is 2
          """)
  void whatAPolicyLacksIsSaidAtOnce(String policy, String words) {
    assertThatThrownBy(() -> Sieve.of(policy, SAMPLES))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining(words)
        .hasMessageNotContaining("--");
  }

  @Test
  void hideNeedsJudgements() {
    assertThatThrownBy(() -> Sieve.of("hide", SAMPLES, Loop.standard().epochs(5)))
        .hasMessageContaining("say so by Loop.judges");
    Sieve sieve = Sieve.of("hide", SAMPLES, Loop.standard().epochs(5).judges());
    int[] ids = sieve.plan(1).order();
    assertThatThrownBy(() -> sieve.record(ids, scores(ids)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theLoopOfThreeLinesKeepsWhatScoresHigh() {
    Sieve sieve = Sieve.of("hard:keep=0.3", SAMPLES);
    int[] all = sieve.plan(1).order();
    sieve.record(all, scores(all));
    Set<Integer> kept = Arrays.stream(sieve.plan(2).order()).boxed().collect(Collectors.toSet());
    assertThat(kept).isEqualTo(IntStream.range(700, SAMPLES).boxed().collect(Collectors.toSet()));
  }

  @Test
  void theSameScoresGiveTheSamePlansAndAnotherSeedOthers() {
    assertThat(order(Loop.standard())).isEqualTo(order(Loop.standard()));
    assertThat(order(Loop.standard())).isNotEqualTo(order(Loop.standard().seed(2)));
  }

  private static int[] order(Loop loop) {
    Sieve sieve = Sieve.of("variance", SAMPLES, loop);
    int[] all = sieve.plan(1).order();
    sieve.record(all, scores(all));
    return sieve.plan(2).order();
  }

  @Test
  void wrongCallsAreToldSo() {
    Sieve sieve = Sieve.of("variance", 3);
    int[] one = {1};
    assertThatThrownBy(() -> sieve.record(one, new float[1]))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("plan");
    sieve.plan(2);
    assertThatThrownBy(() -> sieve.plan(1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> sieve.record(new int[] {3}, new float[1]))
        .hasMessage("sample 3: there are 0 to 2");
    assertThatThrownBy(() -> sieve.record(one, new float[] {-1}))
        .hasMessageContaining("not negative");
    assertThatThrownBy(() -> sieve.record(one, new float[] {Float.NaN}))
        .isInstanceOf(GradsieveException.Diverged.class)
        .hasMessage("the score of sample 1 is NaN in epoch 2");
    assertThatThrownBy(() -> sieve.record(one, new float[2]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
