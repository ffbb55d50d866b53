package io.gradsieve.dist.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.dist.Collective;
import io.gradsieve.natives.NativeMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two workers that are two processes. */
@Timeout(60)
class HostMemoryProcessesTest {
  private static final int BYTES = Float.BYTES * SecondWorker.FLOATS;

  private final SharedRegions regions = new SharedRegions();
  private final ByteBuffer own = NativeMemory.view(regions.allocate(BYTES), BYTES);

  @AfterEach
  void release() {
    regions.release(NativeMemory.address(own), BYTES);
  }

  private void sumAndCheck(Collective both) throws IOException, InterruptedException {
    for (int i = 0; i < SecondWorker.FLOATS; i++) {
      own.putFloat(Float.BYTES * i, 0.5f);
    }
    both.allReduce(List.of(own));
    for (int i = 0; i < SecondWorker.FLOATS; i++) {
      assertThat(own.getFloat(Float.BYTES * i) == i + 0.5f).isTrue();
    }
  }

  @Test
  void theySumInEachOthersMemory() throws Exception {
    try (SecondWorker second = SecondWorker.start(Duration.ofSeconds(20))) {
      try (Collective both = HostMemory.open(second.ring, regions)) {
        for (int round = 0; round < 5; round++) {
          sumAndCheck(both);
        }
        assertThat(((HostMemory) both).copied()).isZero();
      }
      assertThat(second.process.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(second.process.exitValue()).isZero();
    }
  }

  @Test
  void oneThatIsKilledIsNoticedAtOnce() throws Exception {
    try (SecondWorker second = SecondWorker.start(Duration.ofSeconds(50));
        Collective both = HostMemory.open(second.ring, regions)) {
      sumAndCheck(both);
      second.signal("KILL");
      assertThatThrownBy(() -> sumUntilItFails(both)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void oneThatIsStoppedIsNamedWhenPatienceEnds() throws Exception {
    try (SecondWorker second = SecondWorker.start(Duration.ofSeconds(3));
        Collective both = HostMemory.open(second.ring, regions)) {
      sumAndCheck(both);
      second.signal("STOP");
      assertThatThrownBy(() -> sumUntilItFails(both))
          .isInstanceOf(IOException.class)
          .hasMessage("rank 1 has sent nothing for 3 s");
    }
  }

  /** What was under way may still end. */
  private void sumUntilItFails(Collective both) throws IOException, InterruptedException {
    for (int round = 0; round < 3; round++) {
      both.allReduce(List.of(own));
    }
  }
}
