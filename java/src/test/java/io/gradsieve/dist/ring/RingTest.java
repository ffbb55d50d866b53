package io.gradsieve.dist.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.dist.Collective;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class RingTest {
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  @TempDir Path directory;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Ring> rings = new ArrayList<>();

  @AfterEach
  void close() {
    rings.forEach(Ring::close);
    threads.shutdownNow();
  }

  /** What a worker does. */
  private interface Work<T> {
    T of(Collective ring) throws IOException, InterruptedException;
  }

  private void open(int world, boolean unix, Duration patience) throws IOException {
    rings.addAll(unix ? Rings.unix(world, patience, directory) : Rings.tcp(world, patience));
  }

  private <T> List<Future<T>> start(Work<T> work) {
    List<Future<T>> results = new ArrayList<>();
    for (Ring ring : rings) {
      results.add(threads.submit(() -> work.of(ring)));
    }
    return results;
  }

  private <T> List<T> all(Work<T> work) throws Exception {
    List<T> results = new ArrayList<>();
    for (Future<T> result : start(work)) {
      results.add(result.get());
    }
    return results;
  }

  /** Chunk c begins at rank c and is added to in the order of the ring. */
  private static float[] sums(float[][] values) {
    int world = values.length;
    int size = values[0].length;
    float[] sums = new float[size];
    for (int chunk = 0; chunk < world; chunk++) {
      for (int i = (int) ((long) size * chunk / world);
          i < (long) size * (chunk + 1) / world;
          i++) {
        sums[i] = values[chunk][i];
        for (int k = 1; k < world; k++) {
          sums[i] += values[(chunk + k) % world][i];
        }
      }
    }
    return sums;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5})
  void everyWorkerHasTheSumsInTheSameBits(int world) throws Exception {
    RandomBits random = RandomBits.of(TestSeed.of(world), "ring", 0);
    open(world, world == 3, PATIENCE);
    int[] sizes = {0, 1, world - 1, world, 17, 65_537, 300_001};
    for (int size : sizes) {
      float[][] values = new float[world][size];
      for (int rank = 0; rank < world; rank++) {
        for (int i = 0; i < size; i++) {
          values[rank][i] = (float) (2 * random.at(rank).uniform(i) - 1);
        }
      }
      float[] expected = sums(values);
      List<float[]> results =
          all(
              ring -> {
                ByteBuffer own =
                    ByteBuffer.allocateDirect(4 * size + 8).order(ByteOrder.LITTLE_ENDIAN);
                own.asFloatBuffer().put(1, values[ring.rank()]);
                int cut = 4 * (1 + size / 3);
                ring.allReduce(
                    List.of(
                        own.slice(4, cut - 4),
                        own.slice(cut, 0),
                        own.slice(cut, 4 * size + 4 - cut)));
                float[] result = new float[size];
                own.asFloatBuffer().get(1, result);
                return result;
              });
      assertThat(results).allSatisfy(result -> assertThat(result).isEqualTo(expected));
    }
  }

  @Test
  void doublesAreSummedInDouble() throws Exception {
    open(2, false, PATIENCE);
    List<double[]> sums =
        all(
            ring -> {
              double[] own = {1e-12, ring.rank(), 1 + 1e-12 * ring.rank()};
              ring.allReduce(DoubleBuffer.wrap(own));
              return own;
            });
    assertThat(sums).allSatisfy(s -> assertThat(s).containsExactly(2e-12, 1, 2 + 1e-12));
  }

  @Test
  void bytesOfAnySizeAreGatheredByRank() throws Exception {
    open(4, false, PATIENCE);
    int[] sizes = {3, 0, 700_000, 1};
    List<List<ByteBuffer>> gathered =
        all(
            ring -> {
              byte[] own = new byte[sizes[ring.rank()]];
              Arrays.fill(own, (byte) (10 + ring.rank()));
              ring.barrier();
              return ring.allGather(ByteBuffer.wrap(own));
            });
    for (List<ByteBuffer> at : gathered) {
      for (int rank = 0; rank < 4; rank++) {
        byte[] bytes = new byte[at.get(rank).remaining()];
        at.get(rank).get(bytes);
        byte[] expected = new byte[sizes[rank]];
        Arrays.fill(expected, (byte) (10 + rank));
        assertThat(bytes).isEqualTo(expected);
      }
    }
  }

  @Test
  void eachMayBroadcast() throws Exception {
    open(3, true, PATIENCE);
    for (int root = 0; root < 3; root++) {
      int from = root;
      List<byte[]> results =
          all(
              ring -> {
                byte[] own = new byte[1_000_003];
                Arrays.fill(own, (byte) ring.rank());
                ring.broadcast(ByteBuffer.wrap(own), from);
                return own;
              });
      assertThat(results).allSatisfy(bytes -> assertThat(bytes).containsOnly(from));
    }
  }

  @Test
  void aNeighbourThatLeavesIsNamed() throws Exception {
    open(3, false, PATIENCE);
    rings.get(1).close();
    assertThatThrownBy(() -> rings.get(2).barrier())
        .isInstanceOf(IOException.class)
        .hasMessage("rank 1 has left the ring");
  }

  @Test
  void aNeighbourThatIsSilentIsNamedWhenPatienceEnds() throws Exception {
    open(2, false, Duration.ofSeconds(1));
    assertThatThrownBy(() -> rings.get(0).barrier())
        .isInstanceOf(IOException.class)
        .hasMessage("rank 1 has sent nothing for 1 s");
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
    open(2, false, PATIENCE);
    all(
        ring -> {
          ring.allReduce(DoubleBuffer.allocate(10));
          return null;
        });
    assertThat(rings).allMatch(ring -> ring.bytesIn() == 80 && ring.bytesOut() == 80);
  }

  @Test
  void aConnectionThatIsResetNamesTheNeighbourToo() throws Exception {
    try (ServerSocketChannel server =
            ServerSocketChannel.open()
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        SocketChannel mine = SocketChannel.open(server.getLocalAddress());
        SocketChannel other = server.accept();
        Ring ring = new Ring(1, 3, mine, SocketChannel.open(server.getLocalAddress()), PATIENCE)) {
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

  @Test
  void anAbortEndsAnOperationThatWaits() throws Exception {
    open(2, false, PATIENCE);
    CountDownLatch begun = new CountDownLatch(1);
    Future<?> waiting =
        threads.submit(
            () -> {
              begun.countDown();
              rings.get(0).barrier();
              return null;
            });
    begun.await();
    rings.get(0).abort();
    assertThatThrownBy(waiting::get)
        .isInstanceOf(ExecutionException.class)
        .hasRootCauseInstanceOf(Exception.class)
        .cause()
        .isInstanceOf(IOException.class)
        .hasMessage("the operation was aborted");
  }

  @Test
  void anInterruptEndsOneToo() throws Exception {
    open(2, false, PATIENCE);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> rings.get(0).barrier()).isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
  }
}
