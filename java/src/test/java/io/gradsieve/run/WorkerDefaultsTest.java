package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WorkerDefaultsTest {
  @Test
  void workersOfAHostShareItsCoresUnlessTheyAreBoundToSome() {
    assertThat(WorkerDefaults.threads(8, false, 2)).isEqualTo(4);
    assertThat(WorkerDefaults.threads(2, false, 5)).isEqualTo(1);
    assertThat(WorkerDefaults.threads(2, true, 4)).isEqualTo(2);
    assertThat(WorkerDefaults.threads(1024, false, 1)).isEqualTo(256);
  }

  @Test
  void theSystemsListsOfCoresAreCounted() {
    assertThat(WorkerDefaults.count("0-3,8\n")).isEqualTo(5);
    assertThat(WorkerDefaults.count("\t5")).isEqualTo(1);
  }
}
