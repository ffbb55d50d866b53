package io.gradsieve.compile;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.compile.MemoryPlan.Demand;
import io.gradsieve.compile.MemoryPlan.Span;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {
  private static final int ALIGNMENT = 16;

  private static Demand demand(long floats, int first, int last) {
    return new Demand(floats, List.of(new Span(first, last)));
  }

  @Test
  void whatIsNeverNeededTogetherSharesAPlace() {
    MemoryPlan plan =
        MemoryPlan.of(List.of(demand(100, 0, 1), demand(100, 2, 3), demand(10, 1, 2)), ALIGNMENT);
    assertThat(plan.offsets()).containsExactly(0L, 0L, 112L);
    assertThat(plan.floats()).isEqualTo(128);
  }

  @Test
  void nothingNeedsNothing() {
    assertThat(MemoryPlan.of(List.of(), ALIGNMENT).floats()).isZero();
  }

  @Test
  void noTwoLiveDemandsOverlapAndAllAreAligned() {
    RandomBits bits = RandomBits.of(TestSeed.of(1), "demands", 0);
    for (int trial = 0; trial < 300; trial++) {
      RandomBits draw = bits.at(trial);
      List<Demand> demands = new ArrayList<>();
      int count = 1 + draw.below(0, 30);
      for (int i = 0; i < count; i++) {
        int first = draw.below(4 * i + 1, 20);
        int second = first + 3 + draw.below(4 * i + 2, 5);
        List<Span> spans =
            new ArrayList<>(List.of(new Span(first, first + draw.below(4 * i + 3, 3))));
        spans.add(new Span(second, second));
        demands.add(new Demand(1 + draw.below(4 * i + 4, 1000), spans));
      }
      check(demands, MemoryPlan.of(demands, ALIGNMENT));
    }
  }

  private static void check(List<Demand> demands, MemoryPlan plan) {
    for (int a = 0; a < demands.size(); a++) {
      long from = plan.offsets().get(a);
      long to = from + demands.get(a).floats();
      assertThat(from % ALIGNMENT).isZero();
      assertThat(to).isLessThanOrEqualTo(plan.floats());
      for (int b = 0; b < a; b++) {
        long otherFrom = plan.offsets().get(b);
        boolean apart = to <= otherFrom || otherFrom + demands.get(b).floats() <= from;
        assertThat(apart || !demands.get(a).meets(demands.get(b)))
            .as(demands.get(a) + " and " + demands.get(b))
            .isTrue();
      }
    }
  }
}
