package io.gradsieve.dist.handshake;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CauseCounterTest {
  private final CauseCounter counter = new CauseCounter();

  @Test
  void aFloodIsOneLineACause() {
    InetAddress peer = InetAddress.getLoopbackAddress();

    long lines =
        IntStream.range(0, 10_000)
            .filter(i -> counter.count(Refusal.WRONG_TOKEN, peer).isPresent())
            .count();
    String other = counter.count(Refusal.TOO_SLOW, peer).orElseThrow();

    assertThat(lines).isEqualTo(1);
    assertThat(counter.of(Refusal.WRONG_TOKEN)).isEqualTo(10_000);
    assertThat(counter.of(Refusal.CLOSED)).isZero();
    assertThat(other)
        .isEqualTo(
            "refused a connection of 127.0.0.1, which was not authenticated in time: check the"
                + " network, the load of both hosts, and that no other program listens there; more of these are only counted");
    assertThat(counter.summary())
        .containsExactly(
            "refused 10,000 in all: a peer has another token: give both sides the same"
                + " --token-file",
            "refused 1 in all: a peer was not authenticated in time: check the network, the load"
                + " of both hosts, and that no other program listens there");
  }
}
