package io.gradsieve.landscape;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LandscapeProgressTest {
  private static final long SECOND = 1_000_000_000L;

  private long now;

  @Test
  void aLineAMinuteSaysHowMuchIsDoneAndHowLongTheRestTakes() {
    List<String> lines = new ArrayList<>();
    LandscapeProgress progress = new LandscapeProgress("runs/a", lines::add, () -> now);
    progress.begin("gradients", 42);
    tick(progress, 14, 5);
    assertThat(lines).containsExactly("runs/a: gradients 12/42  left 2m30s");
    progress.begin("points", 20);
    tick(progress, 10, 6);
    assertThat(lines).hasSize(2).last().isEqualTo("runs/a: points 9/20  left 1m06s");
    tick(progress, 8, 5);
    assertThat(lines).hasSize(2);
  }

  private void tick(LandscapeProgress progress, int times, int seconds) {
    for (int i = 0; i < times; i++) {
      now += seconds * SECOND;
      progress.tick();
    }
  }
}
