package io.gradsieve.dist.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.dist.Collective;
import io.gradsieve.dist.CollectiveContract;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.DoubleBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RingTest extends CollectiveContract {
  private static final Duration LONGEST = Duration.ofSeconds(15);

  private final ExecutorService others = Executors.newCachedThreadPool();

  @AfterEach
  void endThreads() {
    others.shutdownNow();
  }

  @Override
  protected List<? extends Collective> connect(int world, Duration patience) throws IOException {
    return Rings.tcp(world, patience);
  }

  @Test
  void whoItWaitsForIsSaidAgainAndAgain() throws Exception {
    List<Integer> heard = new ArrayList<>();
    try (Ring ring = Rings.waiting(Duration.ofSeconds(1), (rank, silence) -> heard.add(rank))) {
      assertThatThrownBy(ring::barrier)
          .isInstanceOfSatisfying(
              NeighbourLost.class,
              lost -> {
                assertThat(lost.rank()).isEqualTo(2);
                assertThat(lost.isBroken()).isFalse();
              });
    }
    assertThat(heard).isNotEmpty().containsOnly(2).hasSizeLessThanOrEqualTo(4);
  }

  @Test
  void bytesThatMovedAreCounted() throws Exception {
    List<Ring> rings = Rings.tcp(2, LONGEST);
    Future<?> other =
        others.submit(
            () -> {
              rings.get(1).allReduce(DoubleBuffer.allocate(10));
              return null;
            });
    rings.get(0).allReduce(DoubleBuffer.allocate(10));
    other.get(LONGEST.toSeconds(), TimeUnit.SECONDS);
    assertThat(rings).allMatch(ring -> ring.bytesIn() == 80 && ring.bytesOut() == 80);
    rings.forEach(Ring::close);
  }

  @Test
  void aConnectionThatIsResetNamesTheNeighbourToo() throws Exception {
    try (ServerSocketChannel server =
            ServerSocketChannel.open()
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        SocketChannel mine = SocketChannel.open(server.getLocalAddress());
        SocketChannel other = server.accept();
        Ring ring = new Ring(1, 3, mine, SocketChannel.open(server.getLocalAddress()), LONGEST)) {
      other.setOption(StandardSocketOptions.SO_LINGER, 0);
      other.close();
      assertThatThrownBy(ring::barrier)
          .isInstanceOfSatisfying(
              NeighbourLost.class,
              lost -> {
                assertThat(lost.rank()).isZero();
                assertThat(lost.isBroken()).isTrue();
              })
          .hasMessage("rank 0 has left the ring");
    }
  }
}
