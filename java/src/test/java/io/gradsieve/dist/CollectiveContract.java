package io.gradsieve.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every collective does, its workers being threads of this process. */
@Timeout(60)
public abstract class CollectiveContract {
  protected static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final int LIMIT = 30; // seconds

  protected final ExecutorService threads = Executors.newCachedThreadPool();

  /** By rank. */
  protected final List<Collective> workers = new ArrayList<>();

  /** What a worker does. */
  protected interface Work<T> {
    T of(Collective worker) throws IOException, InterruptedException;
  }

  /** Workers that are new. */
  protected abstract List<? extends Collective> connect(int world, Duration patience)
      throws Exception;

  /** Where a worker's floats lie: zeros, whose address is the same at all workers or not. */
  protected ByteBuffer memory(Collective worker, int bytes) {
    return ByteBuffer.allocateDirect(bytes);
  }

  /** Which chunk a float is of, and in which order its values are added. */
  private static float sum(float[][] values, int i) {
    int world = values.length;
    long size = values[0].length;
    int chunk = 0;
    while (i >= size * (chunk + 1) / world) {
      chunk++;
    }
    float sum = values[chunk][i];
    for (int k = 1; k < world; k++) {
      sum += values[(chunk + k) % world][i];
    }
    return sum;
  }

  @AfterEach
  void close() {
    workers.forEach(Collective::close);
    threads.shutdownNow();
  }

  protected final void open(int world, Duration patience) throws Exception {
    workers.addAll(connect(world, patience));
  }

  protected final <T> List<T> all(Work<T> work) throws Exception {
    List<Future<T>> results = new ArrayList<>();
    for (Collective worker : workers) {
      results.add(threads.submit(() -> work.of(worker)));
    }
    List<T> values = new ArrayList<>();
    for (Future<T> result : results) {
      values.add(result.get(LIMIT, TimeUnit.SECONDS));
    }
    return values;
  }

  /** So many of each worker. */
  protected static float[][] random(long seed, int world, int size) {
    RandomBits random = RandomBits.of(seed, "collective", size);
    float[][] values = new float[world][size];
    for (int rank = 0; rank < world; rank++) {
      for (int i = 0; i < size; i++) {
        values[rank][i] = (float) (2 * random.at(rank).uniform(i) - 1);
      }
    }
    return values;
  }

  /** What each worker has after a sum of three stretches, one of them empty. */
  protected final List<float[]> reduced(float[][] values) throws Exception {
    int size = values[0].length;
    return all(
        worker -> {
          ByteBuffer own = memory(worker, 4 * size + 8).order(ByteOrder.LITTLE_ENDIAN);
          own.asFloatBuffer().put(1, values[worker.rank()]);
          int cut = 4 * (1 + size / 3);
          worker.allReduce(
              List.of(
                  own.slice(4, cut - 4), own.slice(cut, 0), own.slice(cut, 4 * size + 4 - cut)));
          float[] result = new float[size];
          own.asFloatBuffer().get(1, result);
          assertThat(own.getFloat(0)).isZero();
          assertThat(own.getFloat(4 * size + 4)).isZero();
          return result;
        });
  }

  /** Chunk c begins at rank c and is added to in the order of the ring. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void everyWorkerHasTheSumsInTheSameBits(int world) throws Exception {
    long seed = TestSeed.of(world);
    open(world, PATIENCE);
    for (int size : new int[] {0, 1, world - 1, world, 17, 65_537, 600_001}) {
      float[][] values = random(seed, world, size);
      float[] expected = new float[size];
      for (int i = 0; i < size; i++) {
        expected[i] = sum(values, i);
      }
      assertThat(reduced(values)).allSatisfy(result -> assertThat(result).isEqualTo(expected));
    }
  }

  @Test
  void doublesAreSummedInDouble() throws Exception {
    open(2, PATIENCE);
    List<double[]> sums =
        all(
            worker -> {
              double[] own = {1e-12, worker.rank(), 1 + 1e-12 * worker.rank()};
              worker.allReduce(DoubleBuffer.wrap(own));
              return own;
            });
    assertThat(sums).allSatisfy(s -> assertThat(s).containsExactly(2e-12, 1, 2 + 1e-12));
  }

  @Test
  void bytesOfAnySizeAreGatheredByRank() throws Exception {
    open(4, PATIENCE);
    int[] sizes = {3, 0, 700_000, 1};
    List<List<ByteBuffer>> gathered =
        all(
            worker -> {
              byte[] own = new byte[sizes[worker.rank()]];
              Arrays.fill(own, (byte) (10 + worker.rank()));
              worker.barrier();
              return worker.allGather(ByteBuffer.wrap(own));
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
    open(3, PATIENCE);
    for (int root = 0; root < 3; root++) {
      int from = root;
      List<byte[]> results =
          all(
              worker -> {
                byte[] own = new byte[1_000_003];
                Arrays.fill(own, (byte) worker.rank());
                worker.broadcast(ByteBuffer.wrap(own), from);
                return own;
              });
      assertThat(results).allSatisfy(bytes -> assertThat(bytes).containsOnly(from));
    }
  }

  @Test
  void aNeighbourThatLeavesIsNamed() throws Exception {
    open(3, PATIENCE);
    workers.get(1).close();
    assertThatThrownBy(() -> sumOne(workers.get(2)))
        .isInstanceOf(IOException.class)
        .hasMessage("rank 1 has left the ring");
  }

  private Void sumOne(Collective worker) throws IOException, InterruptedException {
    worker.allReduce(List.of(memory(worker, 400)));
    return null;
  }

  @Test
  void aNeighbourThatIsSilentIsNamedWhenPatienceEnds() throws Exception {
    open(2, Duration.ofSeconds(1));
    assertThatThrownBy(() -> sumOne(workers.get(0)))
        .isInstanceOf(IOException.class)
        .hasMessage("rank 1 has sent nothing for 1 s");
  }

  @Test
  void anAbortEndsAnOperationThatWaits() throws Exception {
    open(2, PATIENCE);
    CountDownLatch begun = new CountDownLatch(1);
    Future<?> waiting =
        threads.submit(
            () -> {
              begun.countDown();
              return sumOne(workers.get(0));
            });
    assertThat(begun.await(LIMIT, TimeUnit.SECONDS)).isTrue();
    workers.get(0).abort();
    assertThatThrownBy(() -> waiting.get(LIMIT, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(IOException.class)
        .hasMessage("the operation was aborted");
  }

  @Test
  void anInterruptEndsOneToo() throws Exception {
    open(2, PATIENCE);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> sumOne(workers.get(0))).isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
  }
}
