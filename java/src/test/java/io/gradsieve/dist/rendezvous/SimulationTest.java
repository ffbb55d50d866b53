package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.TestSeed;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whole jobs, each from one seed; {@code -Dgradsieve.simulation.seeds=N} runs N of them. */
class SimulationTest {
  private static final int SEEDS = Integer.getInteger("gradsieve.simulation.seeds", 200);
  private static final int SHOWN = 3; // failures in full

  @Test
  void whateverHappensTheRightOneIsNamedAndEverySampleCountsOnce() {
    long first = TestSeed.of(1);
    List<AssertionError> failures = new ArrayList<>();
    for (long seed = first; seed < first + SEEDS; seed++) {
      try {
        Trial.run(seed);
      } catch (AssertionError e) {
        failures.add(e);
      }
    }
    System.out.printf("simulation: %,d seeds, %,d failed%n", SEEDS, failures.size());
    failures.stream().limit(SHOWN).forEach(Throwable::printStackTrace);
    assertThat(failures.stream().map(e -> e.getMessage().lines().findFirst().orElseThrow()))
        .isEmpty();
  }
}
