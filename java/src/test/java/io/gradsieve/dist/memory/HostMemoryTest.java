package io.gradsieve.dist.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.TestSeed;
import io.gradsieve.dist.Collective;
import io.gradsieve.dist.CollectiveContract;
import io.gradsieve.dist.ring.Ring;
import io.gradsieve.dist.ring.Rings;
import io.gradsieve.natives.NativeMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Of gradients that all have mapped; every sum finds them at another place than the one before. */
class HostMemoryTest extends CollectiveContract {
  private static final int LIMIT = 30; // seconds
  private static final int FLOATS = 1000;
  private static final int NO_PROCESS = 1 << 30; // more than a system has

  private final List<SharedRegions> regions = new ArrayList<>();

  /** What each worker has taken last. */
  private final Map<SharedRegions, ByteBuffer> taken = new HashMap<>();

  @Override
  protected List<? extends Collective> connect(int world, Duration patience) throws Exception {
    for (int rank = 0; rank < world; rank++) {
      regions.add(new SharedRegions());
    }
    return HostMemories.open(regions, patience);
  }

  @Override
  protected ByteBuffer memory(Collective worker, int bytes) {
    return take(worker.rank(), bytes);
  }

  private ByteBuffer take(int rank, int bytes) {
    SharedRegions from = regions.get(rank);
    ByteBuffer memory = NativeMemory.view(from.allocate(bytes), bytes);
    synchronized (taken) {
      ByteBuffer before = taken.put(from, memory);
      if (before != null) {
        from.release(NativeMemory.address(before), before.capacity());
      }
    }
    return memory;
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    long copied = workers.stream().mapToLong(worker -> ((HostMemory) worker).copied()).sum();
    assertThat(copied).isZero();
    workers.forEach(Collective::close);
    taken.forEach((from, memory) -> from.release(NativeMemory.address(memory), memory.capacity()));
    taken.clear();
    assertThat(mapped()).isEmpty();
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      assertThat(open.filter(Files::isSymbolicLink).map(HostMemoryTest::target))
          .noneMatch(name -> name.contains("memfd:gradsieve-"));
    }
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return ""; // closed meanwhile
    }
  }

  private static List<String> mapped() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains("memfd:gradsieve-")).toList();
    }
  }

  @Test
  void workersThatSumDifferentNetworksAreTold() throws Exception {
    open(2, PATIENCE);
    Future<?> other =
        threads.submit(
            () -> {
              workers.get(1).allReduce(List.of(take(1, 800)));
              return null;
            });
    assertThatThrownBy(() -> workers.get(0).allReduce(List.of(take(0, 400))))
        .isInstanceOf(IOException.class)
        .hasMessage("rank 1 sums 800 bytes, rank 0 400: they do not train the same network");
    assertThatThrownBy(() -> other.get(LIMIT, TimeUnit.SECONDS))
        .hasMessageContaining("rank 0 sums 400 bytes, rank 1 800");
  }

  /** A worker that cannot map the others' memory: all of them know before the first sum. */
  @Test
  void itIsTheRingWhereMemoryIsNotInCommon() throws Exception {
    List<Ring> rings = Rings.tcp(2, PATIENCE);
    Future<?> other =
        threads.submit(
            () -> {
              Ring ring = rings.get(1);
              ring.allGather(line("gradsieve-0 %d 0 %d\n".formatted(NO_PROCESS, HostMemory.STAGE)));
              ring.allGather(line(""));
              return null;
            });
    try (Ring second = rings.get(1);
        Collective first = HostMemory.open(rings.get(0), new SharedRegions())) {
      assertThat(first).isSameAs(rings.get(0));
      other.get(LIMIT, TimeUnit.SECONDS);
    }
  }

  /** One that was stopped and goes on after the others gave it up writes where it was. */
  @Test
  void gradientsOfAnEarlierGenerationAreNotTakenAgain() throws Exception {
    open(1, PATIENCE);
    ByteBuffer gradients = take(0, 400);
    workers.get(0).allReduce(List.of(gradients));
    workers.get(0).close();
    assertThatThrownBy(() -> HostMemories.open(regions, PATIENCE))
        .hasMessageContaining("may write to these gradients");
    ByteBuffer anew = take(0, 400);
    assertThat(anew).isNotSameAs(gradients);
    workers.addAll(HostMemories.open(regions, PATIENCE));
    workers.get(1).allReduce(List.of(anew));
  }

  private static ByteBuffer line(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The same addresses again and again, as a step has them. */
  @Test
  void gradientsStayWhereTheyAre() throws Exception {
    open(3, PATIENCE);
    List<ByteBuffer> own = new ArrayList<>();
    for (int rank = 0; rank < 3; rank++) {
      own.add(take(rank, Float.BYTES * FLOATS));
    }
    float[][] values = random(TestSeed.of(11), 3, FLOATS);
    for (int round = 0; round < 50; round++) {
      List<Float> sums =
          all(
              worker -> {
                ByteBuffer gradients = own.get(worker.rank());
                gradients.asFloatBuffer().put(0, values[worker.rank()]);
                worker.allReduce(List.of(gradients));
                return gradients.getFloat(Float.BYTES * (FLOATS - 1));
              });
      assertThat(sums).containsOnly(sums.get(0));
    }
  }
}
