package io.gradsieve.dist.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LobbyTest {
  private static final long LONG_MILLIS = 600_000;

  private final Lobby lobby = new Lobby();

  private void await(int generation) {
    lobby.await(generation, 0, 2, () -> {});
  }

  @Test
  void nobodyRestsWhileSomebodyIsAwaitedOrBeforeTheFirstRing() throws Exception {
    lobby.rest(LONG_MILLIS);
    await(1);
    lobby.rest(LONG_MILLIS);
    assertThat(lobby.hasArrived()).isFalse();
  }

  @Test
  void whileARingWorksItRests() throws Exception {
    await(1);
    lobby.dismiss();
    long begin = System.nanoTime();
    lobby.rest(20);
    assertThat(System.nanoTime() - begin).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(10));
  }

  @Test
  void theNextRingEndsTheRest() throws Exception {
    await(1);
    lobby.dismiss();
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<Void> rested =
        CompletableFuture.runAsync(
            () -> {
              begun.countDown();
              try {
                lobby.rest(LONG_MILLIS);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
    await(2);
    rested.get(30, TimeUnit.SECONDS);
    assertThat(lobby.rank()).isZero();
  }
}
