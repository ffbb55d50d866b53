package io.gradsieve.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.Diverged;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.backend.CompiledStep.Place;
import io.gradsieve.backend.Learner.Update;
import io.gradsieve.backend.cuda.CudaBackend;
import io.gradsieve.backend.cuda.CudaFaults;
import io.gradsieve.dist.Activity;
import io.gradsieve.dist.nccl.NcclCommunicator;
import io.gradsieve.dist.nccl.NcclLimits;
import io.gradsieve.dist.nccl.NcclParticipants;
import io.gradsieve.dist.nccl.NcclRanks;
import io.gradsieve.plan.UpdateRule;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps whose gradients NCCL adds up where they lie, beside those that go over the host. */
@Tag("cuda")
@Timeout(120)
class NcclSharesTest {
  private static final UpdateRule SGD = new UpdateRule.Sgd(0.9, false, 5e-4);
  private static final int ALL = Learner.SAMPLES;

  @BeforeEach
  @AfterEach
  void noFaults() throws IOException {
    CudaFaults.set("");
  }

  /** Two learners of one batch. */
  private static final class Pair implements AutoCloseable {
    private final List<Learner> learners;

    Pair(String model, Participants first, Participants second) {
      learners = List.of(learner(model), learner(model));
      learners.get(0).step.share(first, true);
      learners.get(1).step.share(second, true);
    }

    private static Learner learner(String model) {
      return new Learner(CudaBackend.open(0, 1, Precision.FP32), model, SGD, 3);
    }

    static Pair over(NcclRanks ranks, String model) {
      Gathering gathering = new Gathering(2);
      return new Pair(
          model,
          participants(ranks.get(0), gathering.member(0)),
          participants(ranks.get(1), gathering.member(1)));
    }

    void queue(int from, int own, int to, Place place) {
      learners.get(0).queue(from, from + own, place, Update.PLAIN);
      learners.get(1).queue(from + own, to, place, Update.PLAIN);
    }

    void await() {
      learners.forEach(learner -> learner.step.await());
    }

    void train(int own) {
      queue(0, own, ALL, Place.WHOLE);
      await();
    }

    @Override
    public void close() {
      learners.forEach(Learner::close);
    }
  }

  private static void assertSame(Pair one, Pair other) {
    for (int rank = 0; rank < 2; rank++) {
      assertThat(Learner.same(one.learners.get(rank).memory(), other.learners.get(rank).memory()))
          .isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cnn", "resnet20"})
  void theyEndWithTheBitsOfThoseOverTheHost(String model) throws Exception {
    Gathering gathering = new Gathering(2);
    try (NcclRanks ranks = NcclRanks.started(2, NcclRanks.PATIENT);
        Pair device = Pair.over(ranks, model);
        Pair host = new Pair(model, gathering.member(0), gathering.member(1))) {
      for (int own : new int[] {10, 5, 0, ALL}) {
        device.train(own);
        host.train(own);
        assertSame(device, host);
      }
      for (Pair pair : List.of(device, host)) {
        pair.queue(0, 2, 5, Place.FIRST);
        pair.await();
        pair.queue(5, 4, ALL, Place.LAST);
        pair.await();
      }
      assertSame(device, host);
    }
  }

  /** Two steps are queued before either is waited for, sums are late by turns. */
  @Test
  void queuedStepsGiveTheBitsOfStepsApart() throws Exception {
    Gathering gathering = new Gathering(2);
    try (NcclRanks ranks = NcclRanks.started(2, NcclRanks.PATIENT);
        Pair queued = Pair.over(ranks, "cnn");
        Pair apart = new Pair("cnn", gathering.member(0), gathering.member(1))) {
      CudaFaults.set("ncclAllReduce.late:2:30,ncclAllReduce.late:3:30");
      for (int i = 0; i < 3; i++) {
        queued.queue(0, 6, ALL, Place.WHOLE);
        queued.queue(0, 9, ALL, Place.WHOLE);
        queued.await();
        queued.await();
        apart.train(6);
        apart.train(9);
      }
      assertSame(queued, apart);
    }
  }

  @Test
  void aSampleThatIsNotFiniteEndsTheStepEverywhere() throws Exception {
    try (NcclRanks ranks = NcclRanks.started(2, NcclRanks.PATIENT);
        Pair pair = Pair.over(ranks, "cnn")) {
      pair.learners.get(1).change(12, Float.NaN);
      pair.queue(0, 10, ALL, Place.WHOLE);
      for (Learner learner : pair.learners) {
        assertThatThrownBy(learner.step::await)
            .isInstanceOf(Diverged.class)
            .hasMessageContaining("112");
      }
    }
  }

  @Test
  void aShareThatDoesNotComeEndsTheOthersStepByTheDeadlineAndChangesNothing() throws Exception {
    NcclLimits limits =
        new NcclLimits(Duration.ofSeconds(60), Duration.ofMillis(300), Duration.ofSeconds(20));
    try (NcclRanks ranks = NcclRanks.started(2, limits)) {
      try (Pair pair = Pair.over(ranks, "cnn")) {
        Learner first = pair.learners.get(0);
        List<float[]> before = first.memory();
        first.queue(0, 10, Place.WHOLE, Update.PLAIN);
        assertThatThrownBy(first.step::await)
            .isInstanceOf(PeerLost.class)
            .hasMessageContaining("NCCL, rank 0 of 2: all-reduce ")
            .hasMessageContaining("not done after 0.3 s: a peer is gone or hangs");
        ranks.get(1).abort("a peer says so");
        ranks.get(0).close(); // before its step: what the device still does, ends
        assertThat(Learner.same(first.memory(), before)).isTrue();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ncclAllReduce:1", "ncclGroupEnd:2", "ncclAllReduce.lost:1"})
  void aSumThatFailsEndsTheStepEverywhereAndChangesNothing(String fault) throws Exception {
    NcclLimits limits =
        new NcclLimits(Duration.ofSeconds(60), Duration.ofMillis(500), Duration.ofSeconds(20));
    try (NcclRanks ranks = NcclRanks.started(2, limits);
        Pair pair = Pair.over(ranks, "cnn")) {
      List<float[]> before = pair.learners.get(0).memory();
      CudaFaults.set(fault);
      pair.queue(0, 10, ALL, Place.WHOLE);
      for (int rank = 0; rank < 2; rank++) {
        assertThatThrownBy(pair.learners.get(rank).step::await)
            .isInstanceOf(PeerLost.class)
            .hasMessageContaining("NCCL, rank " + rank + " of 2: all-reduce ");
        ranks.get(rank).close();
      }
      for (Learner learner : pair.learners) {
        assertThat(Learner.same(learner.memory(), before)).isTrue();
      }
    }
  }

  @Test
  void aStepThatIsAbortedLeavesTheSum() throws Exception {
    CountDownLatch waits = new CountDownLatch(1);
    Gathering gathering = new Gathering(2);
    try (NcclRanks ranks = NcclRanks.started(2, NcclRanks.PATIENT);
        Pair pair =
            new Pair(
                "cnn",
                noticing(participants(ranks.get(0), gathering.member(0)), waits),
                participants(ranks.get(1), gathering.member(1)))) {
      Learner first = pair.learners.get(0);
      first.queue(0, 10, Place.WHOLE, Update.PLAIN);
      assertThat(waits.await(60, TimeUnit.SECONDS)).isTrue();
      first.step.abort();
      assertThatThrownBy(first.step::await).isInstanceOf(PeerLost.class);
      ranks.get(0).abort("the step was aborted");
      ranks.get(1).abort("the step was aborted");
      ranks.get(0).close();
    }
  }

  private static NcclParticipants participants(NcclCommunicator nccl, Participants others) {
    return new NcclParticipants(nccl, others, new Activity());
  }

  /** Counts down when the step waits for sums. */
  private static DeviceParticipants noticing(NcclParticipants of, CountDownLatch waits) {
    return new DeviceParticipants() {
      @Override
      public void reduce(long stream, long[] addresses, long[] floats)
          throws IOException, InterruptedException {
        of.reduce(stream, addresses, floats);
      }

      @Override
      public void await(BooleanSupplier done) throws IOException, InterruptedException {
        of.await(
            () -> {
              waits.countDown();
              return done.getAsBoolean();
            });
      }

      @Override
      public void sums(int statistics, DoubleBuffer sums) throws IOException, InterruptedException {
        of.sums(statistics, sums);
      }

      @Override
      public void gradients(int segment, List<ByteBuffer> ranges)
          throws IOException, InterruptedException {
        of.gradients(segment, ranges);
      }

      @Override
      public Verdict agree(Verdict own) throws IOException, InterruptedException {
        return of.agree(own);
      }
    };
  }
}
