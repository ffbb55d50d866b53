package io.gradsieve.dist.ring;

import static io.gradsieve.dist.ring.Doors.soon;
import static io.gradsieve.dist.ring.Doors.token;
import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Refusal;
import java.io.IOException;
import java.net.Socket;
import java.nio.DoubleBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever comes to a door, the ring inside goes on and who belongs there gets in. */
@Timeout(120)
class StrangersAtTheDoorTest {
  private final Doors doors = new Doors();
  private final AtomicBoolean enough = new AtomicBoolean();
  private final AtomicLong rounds = new AtomicLong();
  private final List<Future<double[]>> training = new ArrayList<>();

  @BeforeEach
  void trainTogether() throws Exception {
    doors.open(token(1), false);
    doors.open(token(1), false);
    for (Ring ring : doors.formAll(1)) {
      training.add(
          doors.start(
              () -> {
                double[] state = {1, 0};
                while (state[1] == 0) { // both stop after the same round
                  state[1] = enough.get() ? 1 : 0;
                  ring.allReduce(DoubleBuffer.wrap(state));
                  state[0] /= 2;
                  rounds.incrementAndGet();
                }
                return state;
              }));
    }
  }

  @AfterEach
  void close() {
    doors.close();
  }

  private void assertTheRingWentOn() throws Exception {
    long before = rounds.get();
    while (rounds.get() < before + 10) {
      assertThat(training).noneMatch(Future::isDone);
      Thread.onSpinWait();
    }
    enough.set(true);
    for (Future<double[]> each : training) {
      assertThat(soon(each)[0]).isEqualTo(1);
    }
  }

  private Outcome probe() throws IOException {
    try (Socket socket = doors.knock(0)) {
      return Doors.shakeHands(socket, Introduction.probe(Doors.JOB), token(1));
    }
  }

  @Test
  void aProbeIsAnsweredWhateverTheRank() throws Exception {
    assertThat(probe()).isInstanceOf(Outcome.Done.class);
    assertThat(doors.log).isEmpty();
    assertTheRingWentOn();
  }

  @Test
  void anotherJobIsToldSo() throws Exception {
    try (Socket socket = doors.knock(0)) {
      assertThat(Doors.shakeHands(socket, Introduction.probe("job-2"), token(1)))
          .isEqualTo(new Outcome.Failed(Refusal.OTHER_JOB, true));
    }
    assertTheRingWentOn();
  }

  @Test
  void aSecondConnectionOfTheRankBeforeIsNotLetIn() throws Exception {
    try (Socket socket = doors.knock(0)) {
      Outcome outcome = Doors.shakeHands(socket, Doors.worker(1, 0, 1), token(1));
      Outcome.Done done = (Outcome.Done) outcome;
      byte[] sealed = socket.getInputStream().readAllBytes();
      Greeting greeting =
          Greeting.of(done.seal().open(java.nio.ByteBuffer.wrap(sealed)).orElseThrow());
      assertThat(greeting.generation()).isEqualTo(Lobby.NOT_AWAITED);
    }
    assertTheRingWentOn();
  }

  @Test
  void garbageIsClosedAndOneLineACauseLogged() throws Exception {
    RandomBits random = RandomBits.of(TestSeed.of(26), "garbage", 0);
    byte[] hello = {'G', 'S', 'D', 'H', 1, 1, 0, 60};
    for (int i = 0; i < 400; i++) {
      try (Socket socket = doors.knock(i % 2)) {
        int length = new int[] {0, 1, 7, 8, 300}[i % 5];
        byte[] bytes = new byte[length];
        for (int b = 0; b < length; b++) {
          boolean plausible = i % 3 == 0 && b < hello.length;
          bytes[b] = plausible ? hello[b] : (byte) random.bits(1_000L * i + b);
        }
        socket.getOutputStream().write(bytes);
      } catch (IOException e) {
        // closed while it was written to
      }
    }
    assertThat(probe()).isInstanceOf(Outcome.Done.class);
    assertTheRingWentOn();
    assertThat(doors.log.size()).isLessThanOrEqualTo(2 * 4);
    assertThat(doors.log).anyMatch(line -> line.contains("does not speak Gradsieve's protocol"));
  }

  @Test
  void aFloodOfSlowOnesIsCutOffAfterFiveSeconds() throws Exception {
    List<Socket> flood = new ArrayList<>();
    try {
      for (int i = 0; i < 256; i++) {
        flood.add(doors.knock(0));
      }
      for (int i = 0; i < 256; i += 2) {
        flood.get(i).getOutputStream().write('G'); // and the next byte never comes
      }
      assertThat(probe()).isEqualTo(new Outcome.Failed(Refusal.TOO_MANY, true));
      long start = System.nanoTime();
      for (Socket each : flood) {
        assertThat(each.getInputStream().readAllBytes()).hasSizeGreaterThan(8);
      }
      assertThat(System.nanoTime() - start).isLessThan(30_000_000_000L);
      assertThat(probe()).isInstanceOf(Outcome.Done.class);
      assertTheRingWentOn();
      assertThat(doors.log).hasSize(2);
    } finally {
      for (Socket each : flood) {
        each.close();
      }
    }
  }
}
