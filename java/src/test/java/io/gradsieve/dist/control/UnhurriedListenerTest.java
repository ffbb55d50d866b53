package io.gradsieve.dist.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.rendezvous.Stage;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class UnhurriedListenerTest {
  private static final long REST = 150;

  private Stage stage = Stage.FORMING;
  private final EmbeddedChannel listener =
      new EmbeddedChannel(new UnhurriedListener(() -> stage, REST));

  private boolean acceptsAfterSomebodyCame() {
    listener.freezeTime();
    listener.pipeline().fireChannelReadComplete();
    return listener.config().isAutoRead();
  }

  private void pass(long millis) {
    listener.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
    listener.runPendingTasks();
  }

  @Test
  void whileAGenerationTrainsItRestsAfterEachLook() {
    stage = Stage.RUNNING;
    assertThat(acceptsAfterSomebodyCame()).isFalse();
    pass(REST - 1);
    assertThat(listener.config().isAutoRead()).isFalse();
    pass(1);
    assertThat(listener.config().isAutoRead()).isTrue();
    assertThat(acceptsAfterSomebodyCame()).isFalse();
  }

  @Test
  void whileWorkersGatherItAcceptsAtOnce() {
    assertThat(acceptsAfterSomebodyCame()).isTrue();
  }
}
