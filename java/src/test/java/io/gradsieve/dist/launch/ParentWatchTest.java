package io.gradsieve.dist.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ParentWatchTest {
  private final CountDownLatch gone = new CountDownLatch(1);
  private final CompletableFuture<Integer> halted = new CompletableFuture<>();

  private boolean start(Map<String, String> environment, PipedInputStream pipe, Runnable then) {
    return ParentWatch.start(environment, pipe, then, Duration.ofMillis(20), halted::complete);
  }

  @Test
  void theEndOfThePipeIsTheEndOfTheWorkerEvenIfAskingHangs() throws Exception {
    PipedOutputStream parent = new PipedOutputStream();
    Runnable hangs =
        () -> {
          gone.countDown();
          try {
            assertThat(new CountDownLatch(1).await(60, TimeUnit.SECONDS)).isFalse();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    boolean watches =
        start(Map.of("GRADSIEVE_LAUNCH_PIPE", "1"), new PipedInputStream(parent), hangs);
    assertThat(watches).isTrue();
    assertThat(gone.await(50, TimeUnit.MILLISECONDS)).isFalse();
    parent.close();
    assertThat(gone.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(halted.get(30, TimeUnit.SECONDS)).isEqualTo(143);
  }

  @Test
  void whoWasNotLaunchedReadsNothing() throws Exception {
    PipedOutputStream parent = new PipedOutputStream();
    assertThat(start(Map.of(), new PipedInputStream(parent), gone::countDown)).isFalse();
    parent.close();
    assertThat(gone.await(50, TimeUnit.MILLISECONDS)).isFalse();
  }
}
