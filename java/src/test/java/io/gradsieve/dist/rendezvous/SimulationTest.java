package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.TestSeed;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Whole jobs, each from one seed; {@code -Dgradsieve.simulation.seeds=N} runs N of them. */
class SimulationTest {
  private static final int SEEDS = Integer.getInteger("gradsieve.simulation.seeds", 1000);
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
    throwAll(failures);
    assertThat(failures).isEmpty();
  }

  /** All seeds that failed, the first few with where they did. */
  private static void throwAll(List<AssertionError> failures) {
    if (!failures.isEmpty()) {
      AssertionError all =
          new AssertionError(
              failures.stream()
                  .map(e -> e.getMessage().lines().findFirst().orElseThrow())
                  .collect(Collectors.joining("\n")));
      failures.stream().limit(SHOWN).forEach(all::addSuppressed);
      throw all;
    }
  }
}
