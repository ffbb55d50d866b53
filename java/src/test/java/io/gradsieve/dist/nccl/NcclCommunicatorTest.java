package io.gradsieve.dist.nccl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.TestSeed;
import io.gradsieve.backend.cuda.CudaFaults;
import io.gradsieve.natives.NcclLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks in one process, on the library that stands in for NCCL: sums, and what each fault says. */
@Tag("cuda")
@Timeout(120)
class NcclCommunicatorTest {
  private static final long SEED = TestSeed.of(26);
  private static final Duration LONG = NcclRanks.PATIENT.operation();

  /** Sums end by a deadline; the rest has all the time of a slow machine. */
  private static final NcclLimits HURRIED =
      new NcclLimits(LONG, Duration.ofMillis(300), NcclRanks.PATIENT.end());

  /** So has what ends a communicator. */
  private static final NcclLimits ABRUPT =
      new NcclLimits(LONG, Duration.ofMillis(300), Duration.ofMillis(400));

  @BeforeEach
  @AfterEach
  void noFaults() throws IOException {
    CudaFaults.set("");
  }

  private static float[] values(int step, int rank, int count) {
    Random random = new Random(SEED + 1000L * step + rank);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static void rightSums(NcclRanks ranks, int world, int steps) throws Exception {
    int count = 1001;
    float[][] got = new float[world][];
    for (int s = 0; s < steps; s++) {
      int step = s;
      ranks.all(
          rank -> {
            try (DeviceFloats floats = new DeviceFloats(values(step, rank, count))) {
              floats.sum(ranks.get(rank));
              got[rank] = floats.get();
            }
          });
      float[] wanted = new float[count];
      for (int i = 0; i < count; i++) {
        double sum = 0;
        for (int rank = 0; rank < world; rank++) {
          sum += values(step, rank, count)[i];
        }
        wanted[i] = (float) sum;
      }
      for (float[] one : got) {
        assertThat(one).containsExactly(wanted);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void allRanksHaveTheSameRightSums(int world) throws Exception {
    try (NcclRanks ranks = NcclRanks.started(world, NcclRanks.PATIENT)) {
      rightSums(ranks, world, 6);
      assertThat(ranks.halts()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ncclCommInitRankConfig.late:1:150",
        "ncclAllReduce.late:1:50,ncclAllReduce.late:1:50",
        "ncclCommFinalize.late:1:100"
      })
  void whatTakesItsTimeIsWaitedFor(String late) throws Exception {
    CudaFaults.set(late);
    try (NcclRanks ranks = NcclRanks.started(2, NcclRanks.PATIENT)) {
      rightSums(ranks, 2, 2);
    }
  }

  @Test
  void manyCommunicatorsLeaveNoThreadAndNoFile() throws Exception {
    long before = 0;
    for (int i = 0; i < 8; i++) {
      try (NcclRanks ranks = NcclRanks.started(2, NcclRanks.PATIENT)) {
        rightSums(ranks, 2, 1);
        if (i % 2 == 1) {
          ranks.get(0).abort("a test");
          ranks.get(1).abort("a test");
        }
      }
      before = i == 1 ? files() : before;
    }
    assertThat(files()).isEqualTo(before);
    assertNoThreads();
  }

  private static long files() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.count();
    }
  }

  private static void assertNoThreads() {
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .noneMatch(name -> name.startsWith("gradsieve-nccl"));
  }

  @Test
  void aPeerThatDoesNotComeIsNamedByItsDeadline() throws Exception {
    try (NcclRanks ranks = NcclRanks.started(2, HURRIED);
        DeviceFloats floats = new DeviceFloats(1, 2, 3)) {
      floats.queue(ranks.get(0));
      assertThatThrownBy(() -> floats.await(ranks.get(0)))
          .isInstanceOf(PeerLost.class)
          .hasMessage(
              "NCCL, rank 0 of 2: all-reduce 1 (3 numbers): not done after 0.3 s: a peer is gone or hangs");
      assertThatThrownBy(() -> floats.queue(ranks.get(0)))
          .isInstanceOf(PeerLost.class)
          .hasMessageContaining("all-reduce 1 (3 numbers)");
      ranks.get(1).abort("rank 0 says so");
      ranks.get(0).close();
      assertThat(floats.done()).isTrue();
      assertThat(ranks.halts()).isEmpty();
    }
    assertNoThreads();
  }

  @Test
  void aSumThatNeverArrivesEndsAtAllRanks() throws Exception {
    try (NcclRanks ranks = NcclRanks.started(2, HURRIED)) {
      CudaFaults.set("ncclAllReduce.lost:1");
      ranks.all(
          rank -> {
            try (DeviceFloats floats = new DeviceFloats(1, 2)) {
              assertThatThrownBy(() -> floats.sum(ranks.get(rank)))
                  .isInstanceOf(PeerLost.class)
                  .hasMessageContaining("rank " + rank + " of 2: all-reduce 1");
              ranks.get(rank).close();
            }
          });
    }
  }

  @Test
  void aPeerThatNcclReportsAsGoneIsNamedLongBeforeTheDeadline() throws Exception {
    try (NcclRanks ranks = NcclRanks.started(2, NcclRanks.PATIENT);
        DeviceFloats floats = new DeviceFloats(1, 2)) {
      floats.queue(ranks.get(0));
      CudaFaults.set("ncclRemote.lost:2");
      assertThatThrownBy(() -> floats.await(ranks.get(0)))
          .isInstanceOf(PeerLost.class)
          .hasMessageContaining("NCCL, rank 0 of 2: all-reduce 1 (2 numbers): a peer is gone: ")
          .hasMessageContaining("remote process exited");
      ranks.get(1).abort("so it is");
      ranks.get(0).close();
    }
  }

  @Test
  void anAbortFromAnotherThreadEndsASumAtOnceAndSaysWhy() throws Exception {
    try (NcclRanks ranks = NcclRanks.started(2, NcclRanks.PATIENT);
        DeviceFloats floats = new DeviceFloats(1, 2)) {
      floats.queue(ranks.get(0));
      CountDownLatch waits = new CountDownLatch(3);
      Future<Boolean> aborts =
          ranks.begin(
              () -> {
                boolean waited = waits.await(60, TimeUnit.SECONDS);
                ranks.get(0).abort("rank 1 is dead");
                return waited;
              });
      assertThatThrownBy(
              () ->
                  ranks
                      .get(0)
                      .await(
                          () -> {
                            waits.countDown();
                            return floats.done();
                          }))
          .isInstanceOf(PeerLost.class)
          .hasMessage("NCCL, rank 0 of 2: aborted: rank 1 is dead");
      assertThat(NcclRanks.result(aborts)).isTrue();
      ranks.get(1).abort("it is I");
      ranks.get(0).close();
      assertThat(floats.done()).isTrue();
    }
  }

  @Test
  void aThreadThatIsInterruptedLeavesTheSum() throws Exception {
    try (NcclRanks ranks = NcclRanks.started(2, NcclRanks.PATIENT);
        DeviceFloats floats = new DeviceFloats(1, 2)) {
      floats.queue(ranks.get(0));
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> floats.await(ranks.get(0))).isInstanceOf(InterruptedException.class);
      ranks.get(1).abort("the other left");
      ranks.get(0).close();
      assertThat(floats.done()).isTrue();
    }
  }

  @Test
  void whoeverDoesNotComeToTheBeginningIsWaitedForUntilTheDeadline() throws Exception {
    NcclLimits limits = new NcclLimits(Duration.ofMillis(300), LONG, LONG);
    NcclRanks ranks = new NcclRanks(2, limits);
    CudaFaults.set("ncclCommInitRankConfig.late:1+");
    ranks.all(
        rank ->
            assertThatThrownBy(() -> ranks.get(rank).start(ranks.meeting(rank)))
                .isInstanceOf(PeerLost.class)
                .hasMessage(
                    "NCCL, rank %d of 2: communicator: not done after 0.3 s: a peer is gone or hangs"
                        .formatted(rank)));
    ranks.close();
    assertThat(ranks.halts()).isEmpty();
    assertNoThreads();
  }

  @Test
  void anAbortEndsTheBeginningToo() throws Exception {
    try (NcclRanks ranks = new NcclRanks(2, NcclRanks.PATIENT)) {
      CudaFaults.set("ncclCommInitRankConfig.late:1+");
      List<Future<Boolean>> starts =
          List.of(0, 1).stream()
              .map(
                  rank ->
                      ranks.begin(
                          () -> {
                            ranks.get(rank).start(ranks.meeting(rank));
                            return true;
                          }))
              .toList();
      ranks.awaitShared();
      for (int rank = 0; rank < 2; rank++) {
        ranks.get(rank).abort("a newer generation");
      }
      for (Future<Boolean> start : starts) {
        assertThatThrownBy(() -> NcclRanks.result(start))
            .isInstanceOf(PeerLost.class)
            .hasMessageContaining("aborted: a newer generation");
      }
    }
    NcclRanks late = new NcclRanks(1, NcclRanks.PATIENT);
    late.get(0).abort("too late");
    assertThatThrownBy(() -> late.get(0).start(late.meeting(0))).isInstanceOf(PeerLost.class);
    late.close();
  }

  @Test
  void anIdThatNobodyAnswersIsNamed() throws Exception {
    try (NcclRanks ranks = new NcclRanks(1, NcclRanks.PATIENT)) {
      NcclMeeting wrong =
          new NcclMeeting() {
            @Override
            public void ready() {}

            @Override
            public byte[] share(byte[] id) {
              id[8] ^= 1; // of the key
              return id;
            }

            @Override
            public void made() {}
          };
      assertThatThrownBy(() -> ranks.get(0).start(wrong))
          .isInstanceOf(PeerLost.class)
          .hasMessageContaining("NCCL, rank 0 of 1: communicator: a peer is gone");
    }
  }

  @Test
  void anAbortThatDoesNotReturnIsReportedAndEverythingElseGoesOn() throws Exception {
    NcclRanks ranks = NcclRanks.started(2, ABRUPT);
    DeviceFloats floats = new DeviceFloats(1, 2);
    floats.queue(ranks.get(0));
    CudaFaults.set("ncclCommAbort.late:1:2000");
    assertThatThrownBy(() -> floats.await(ranks.get(0))).isInstanceOf(PeerLost.class);
    ranks.get(0).close();
    assertThat(ranks.halts())
        .containsExactly(
            "NCCL, rank 0 of 2: ncclCommAbort has not returned after 0.4 s: this process must be ended and started again");
    ranks.get(1).abort("the other hangs");
    ranks.close();
    NcclRanks.joinAborts();
    floats.close();
  }

  @Test
  void aRevocationThatDoesNotEndIsFollowedByAnAbort() throws Exception {
    try (NcclRanks ranks = NcclRanks.started(2, ABRUPT);
        DeviceFloats floats = new DeviceFloats(1, 2)) {
      floats.queue(ranks.get(0));
      CudaFaults.set("ncclCommRevoke.late:1");
      assertThatThrownBy(() -> floats.await(ranks.get(0))).isInstanceOf(PeerLost.class);
      CudaFaults.set("ncclCommRevoke.late:1");
      ranks.get(1).abort("the other fails");
      ranks.get(0).close();
      assertThat(floats.done()).isTrue();
      assertThat(ranks.halts()).isEmpty();
    }
  }

  @Test
  void aRankThatClosesAloneDoesNotHang() throws Exception {
    try (NcclRanks ranks = NcclRanks.started(2, HURRIED)) {
      ranks.get(0).close();
      assertThat(ranks.halts()).isEmpty();
      ranks.get(1).abort("the other is gone");
    }
    assertNoThreads();
  }

  static Stream<String> functions() {
    return NcclLibrary.functions().stream()
        .filter(
            name ->
                !List.of(
                        "ncclGetVersion", "ncclGetErrorString", "ncclGetLastError", "ncclCommAbort")
                    .contains(name));
  }

  /** The first, second, third … call of it, in ranks that are started, used, closed or aborted. */
  @ParameterizedTest
  @MethodSource("functions")
  void aCallThatFailsIsOneLineAndNothingStays(String function) throws Exception {
    long before = files();
    for (int n = 1; n <= 3; n++) {
      CudaFaults.set("");
      NcclRanks ranks = new NcclRanks(1, HURRIED);
      CudaFaults.set(function + ":" + n);
      try {
        ranks.get(0).start(ranks.meeting(0));
        try (DeviceFloats floats = new DeviceFloats(5, 6)) {
          for (int i = 0; i < 3; i++) {
            floats.sum(ranks.get(0));
          }
          assertThat(floats.get()).containsExactly(5, 6);
        }
        if (function.equals("ncclCommRevoke")) {
          ranks.get(0).abort("a test");
        }
      } catch (IOException e) {
        assertThat(e)
            .hasMessageStartingWith("NCCL, rank 0 of 1: ")
            .hasMessageContaining("unhandled system error (2)")
            .hasMessageNotContaining("\n");
      }
      ranks.close();
      assertThat(ranks.halts()).isEmpty();
    }
    assertThat(files()).isLessThanOrEqualTo(before + 1);
    assertNoThreads();
  }

  @Test
  void sumsComeAfterTheBeginningAndBeforeTheEnd() throws Exception {
    NcclRanks ranks = new NcclRanks(1, NcclRanks.PATIENT);
    try (DeviceFloats floats = new DeviceFloats(1, 2)) {
      assertThatThrownBy(() -> floats.sum(ranks.get(0))).isInstanceOf(IllegalStateException.class);
    }
    ranks.close();
    assertThatThrownBy(() -> new NcclCommunicator(0, 2, 2, HURRIED, line -> {}))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
