package io.gradsieve.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.gradsieve.GradsieveException.Diverged;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.TestSeed;
import io.gradsieve.backend.CompiledStep.Place;
import io.gradsieve.backend.Learner.Update;
import io.gradsieve.plan.UpdateRule;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps shared with participants that fail, never answer, diverge, or are left. */
@Timeout(60)
public abstract class AbortedSharesContract {
  private static final long SEED = TestSeed.of(20_261_130);
  private static final UpdateRule SGD = new UpdateRule.Sgd(0.9, false, 5e-4);
  private static final int ALL = Learner.SAMPLES;
  private static final int HALF = ALL / 2;
  private static final long SECOND = 1_000_000_000;

  private final int steadySteps;

  /** Looks at so many steady steps. */
  protected AbortedSharesContract(int steadySteps) {
    this.steadySteps = steadySteps;
  }

  /** A backend that sees changes of the samples. */
  protected abstract Backend open(int threads);

  private Learner learner(String model, int threads, UpdateRule rule, long seed) {
    return new Learner(open(threads), model, rule, seed);
  }

  /** What happens at a call, in place of it or before it. */
  private interface Event {
    void at(int call) throws IOException, InterruptedException;
  }

  /** Participants with an event at every call. */
  private static final class Eventful implements Participants {
    private final Participants others;
    private final Event event;
    private int calls;

    Eventful(Participants others, Event event) {
      this.others = others;
      this.event = event;
    }

    @Override
    public void sums(int normalizer, DoubleBuffer sums) throws IOException, InterruptedException {
      event.at(++calls);
      others.sums(normalizer, sums);
    }

    @Override
    public void gradients(int segment, List<ByteBuffer> ranges)
        throws IOException, InterruptedException {
      event.at(++calls);
      others.gradients(segment, ranges);
    }

    @Override
    public Verdict agree(Verdict own) throws IOException, InterruptedException {
      event.at(++calls);
      return others.agree(own);
    }
  }

  private static void assertUntouched(Learner learner, List<float[]> before) {
    assertThat(Learner.same(learner.memory(), before)).as("the same bits").isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"cnn", "resnet20"})
  void aSampleThatIsNotFiniteStopsAllParticipantsWhoNameIt(String model) {
    Gathering gathering = new Gathering(2);
    try (Learner first = learner(model, 1, SGD, SEED);
        Learner second = learner(model, 2, SGD, SEED)) {
      first.step.share(gathering.member(0), true);
      second.step.share(gathering.member(1), true);
      List<float[]> before = first.memory();
      first.change(3, Float.NaN);
      for (int i = 0; i < 2; i++) { // the second queued behind the first
        first.queue(0, HALF, Place.WHOLE, Update.PLAIN);
        second.queue(HALF, ALL, Place.WHOLE, Update.PLAIN);
      }
      boolean coupled = model.equals("resnet20"); // then no sample of the batch is finite
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(first.step::await)
            .isInstanceOf(Diverged.class)
            .hasMessageContaining("loss of sample index %d ", coupled ? 0 : 3)
            .hasMessageContaining("id " + (coupled ? 100 : 103));
        assertThatThrownBy(second.step::await)
            .isInstanceOf(Diverged.class)
            .hasMessageContaining("id " + (coupled ? 100 : 103) + ", in another")
            .hasMessageContaining("loss");
      }
      assertUntouched(first, before);
      assertUntouched(second, before);
      first.change(3, 0);
      first.queue(0, HALF, Place.WHOLE, Update.PLAIN);
      second.queue(HALF, ALL, Place.WHOLE, Update.PLAIN);
      first.step.await();
      second.step.await();
      assertThat(Learner.same(first.memory(), before)).isFalse();
      assertUntouched(second, first.memory());
    }
  }

  /** The call that fails, of every kind. */
  @ParameterizedTest
  @CsvSource({
    "cnn, 1",
    "cnn, 2",
    "cnn, 3",
    "cnn, 4",
    "resnet20, 1",
    "resnet20, 30",
    "resnet20, 45"
  })
  void aParticipantThatFailsEndsTheStepForAll(String model, int failing) {
    Gathering gathering = new Gathering(2);
    IOException cause = new IOException("connection reset");
    try (Learner first = learner(model, 1, SGD, SEED);
        Learner second = learner(model, 2, SGD, SEED)) {
      first.step.share(
          new Eventful(
              gathering.member(0),
              call -> {
                if (call == failing) {
                  gathering.leave();
                  throw cause;
                }
              }),
          true);
      second.step.share(gathering.member(1), true);
      List<float[]> before = first.memory();
      for (int i = 0; i < 2; i++) {
        first.queue(0, HALF, Place.WHOLE, Update.PLAIN);
        second.queue(HALF, ALL, Place.WHOLE, Update.PLAIN);
      }
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(first.step::await)
            .isInstanceOf(PeerLost.class)
            .hasMessageContaining("connection reset")
            .hasCause(cause);
        assertUntouched(first, before);
      }
      gathering.leave();
      second.step.abort();
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(second.step::await).isInstanceOf(PeerLost.class);
      }
      assertUntouched(second, before);
    }
  }

  /** The call that is never answered: sums, gradients, the verdict. */
  @ParameterizedTest
  @CsvSource({"resnet20, 1", "resnet20, 25", "cnn, 1", "cnn, 4"})
  void anAbortEndsAStepWhoseParticipantNeverAnswers(String model, int silent)
      throws InterruptedException {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    try (Learner learner = learner(model, 2, SGD, SEED)) {
      learner.step.share(
          new Eventful(
              new Alone(),
              call -> {
                if (call == silent) {
                  reached.countDown();
                  never.await();
                }
              }),
          true);
      List<float[]> before = learner.memory();
      learner.queue(0, HALF, Place.WHOLE, Update.PLAIN);
      learner.queue(HALF, ALL, Place.WHOLE, Update.PLAIN);
      long[] aborted = new long[1];
      Thread other =
          new Thread(
              () -> {
                try {
                  reached.await();
                } catch (InterruptedException e) {
                  return;
                }
                aborted[0] = System.nanoTime();
                learner.step.abort();
              });
      other.start();
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(learner.step::await)
            .isInstanceOf(PeerLost.class)
            .hasMessage("the step was aborted");
      }
      other.join();
      assertThat(System.nanoTime() - aborted[0]).isLessThan(SECOND);
      assertUntouched(learner, before);
      learner.queue(0, HALF, Place.WHOLE, Update.PLAIN);
      learner.step.await();
      assertThat(Learner.same(learner.memory(), before)).isFalse();
    }
  }

  @Test
  void noStepBeginsWhileAParticipantIsStillAtWorkOnAnAbortedOne() throws InterruptedException {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch deaf = new CountDownLatch(1);
    try (Learner learner = learner("cnn", 1, SGD, SEED)) {
      learner.step.share(
          new Eventful(
              new Alone(),
              call -> {
                reached.countDown();
                while (deaf.getCount() > 0) {
                  Thread.interrupted(); // does not listen
                  Thread.onSpinWait();
                }
              }),
          false);
      learner.queue(0, ALL, Place.WHOLE, Update.PLAIN);
      reached.await();
      learner.step.abort();
      assertThatThrownBy(learner.step::await).isInstanceOf(PeerLost.class);
      assertThatThrownBy(() -> learner.queue(0, ALL, Place.WHOLE, Update.PLAIN))
          .isInstanceOf(PeerLost.class)
          .hasMessageContaining("still at work");
      deaf.countDown();
      learner.queue(0, ALL, Place.WHOLE, Update.PLAIN);
      learner.step.await();
    }
  }

  @Test
  void closingAStepThatWaitsLeavesNothingBehind() throws InterruptedException {
    CountDownLatch reached = new CountDownLatch(1);
    Learner learner = learner("resnet20", 2, SGD, SEED);
    learner.step.share(
        new Eventful(
            new Alone(),
            call -> {
              reached.countDown();
              new CountDownLatch(1).await();
            }),
        true);
    learner.queue(0, ALL, Place.WHOLE, Update.PLAIN);
    reached.await();
    long before = System.nanoTime();
    learner.close(); // its backend throws if a byte is left
    assertThat(System.nanoTime() - before).isLessThan(SECOND);
    assertThat(learner.backend.ledger().open()).isEmpty();
    assertThat(sharing()).isZero();
    learner.step.abort();
  }

  @Test
  void anInputThatIsClosedAbortsTheShareThatReadsIt() throws InterruptedException {
    CountDownLatch reached = new CountDownLatch(1);
    try (Learner learner = learner("cnn", 2, SGD, SEED)) {
      learner.step.share(
          new Eventful(
              new Alone(),
              call -> {
                reached.countDown();
                new CountDownLatch(1).await();
              }),
          false);
      List<float[]> before = learner.memory();
      learner.queue(0, ALL, Place.WHOLE, Update.PLAIN);
      reached.await();
      learner.inputs[0].close();
      assertUntouched(learner, before);
    }
  }

  @Test
  void aStepWithoutParticipantsHasNoThreadForThemAndCanBeAbortedToo() {
    try (Learner learner = learner("cnn", 2, SGD, SEED)) {
      assertThat(sharing()).isZero();
      learner.step.abort();
      learner.queue(0, ALL, Place.WHOLE, Update.PLAIN);
      learner.step.await();
      learner.queue(0, ALL, Place.WHOLE, Update.PLAIN);
      learner.step.abort(); // before its update or after it
      try {
        learner.step.await();
      } catch (PeerLost e) {
        assertThat(e).hasMessage("the step was aborted");
      }
    }
  }

  private static long sharing() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("gradsieve-share"))
        .count();
  }

  @Test
  void aSteadyStepWithParticipantsAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Learner learner = learner("resnet20", 1, SGD, SEED)) {
      learner.step.share(new Alone(), true);
      long thread =
          Thread.getAllStackTraces().keySet().stream()
              .filter(one -> one.getName().equals("gradsieve-share"))
              .findFirst()
              .orElseThrow()
              .getId();
      run(learner, steadySteps + steadySteps / 2);
      long allocations = learner.backend.ledger().allocations();
      long before = threads.getThreadAllocatedBytes(thread);
      run(learner, steadySteps);
      long bytes = threads.getThreadAllocatedBytes(thread) - before;
      assertThat(learner.backend.ledger().allocations()).isEqualTo(allocations);
      // One object for each of the 60 points of a step would be 960 a step.
      assertThat(bytes).isLessThan(1000 + 40 * steadySteps);
    }
  }

  private static void run(Learner learner, int steps) {
    for (int i = 0; i < steps; i++) {
      learner.queue(0, 2, Place.WHOLE, Update.PLAIN);
      learner.step.await();
    }
  }
}
