package io.gradsieve.dist.launch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessStateTest {
  @Test
  void theStateFollowsANameThatMayHoldAnything() {
    assertThat(ProcessState.stopped("12 (java) T 1 12")).isTrue();
    assertThat(ProcessState.stopped("12 (a) T (b) S 1 12")).isFalse();
    assertThat(ProcessState.stopped("12 (a b) t 1")).isTrue();
    assertThat(ProcessState.stopped("")).isFalse();
    assertThat(ProcessState.stopped("12 (java)")).isFalse();
  }

  @Test
  void whoRunsIsNotStoppedAndWhoIsGoneNeither() {
    assertThat(ProcessState.stopped(ProcessHandle.current().pid())).isFalse();
    assertThat(ProcessState.stopped(Long.MAX_VALUE)).isFalse();
  }
}
