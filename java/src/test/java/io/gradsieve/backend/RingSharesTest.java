package io.gradsieve.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.Diverged;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.backend.CompiledStep.Place;
import io.gradsieve.backend.Learner.Update;
import io.gradsieve.dist.GradientBuckets;
import io.gradsieve.dist.ring.Ring;
import io.gradsieve.dist.ring.Rings;
import io.gradsieve.plan.UpdateRule;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps whose shares meet over sockets, as they do between processes. */
@Timeout(60)
class RingSharesTest {
  private static final UpdateRule SGD = new UpdateRule.Sgd(0.9, false, 5e-4);
  private static final int ALL = Learner.SAMPLES;

  /** Two learners of one batch. */
  private static final class Pair implements AutoCloseable {
    private final List<Learner> learners;

    Pair(String model, Participants first, Participants second) {
      learners = List.of(learner(model), learner(model));
      learners.get(0).step.share(first, true);
      learners.get(1).step.share(second, true);
    }

    private static Learner learner(String model) {
      return new Learner(Backends.open(DeviceName.CPU, 1), model, SGD, 3);
    }

    void queue(int own) {
      learners.get(0).queue(0, own, Place.WHOLE, Update.PLAIN);
      learners.get(1).queue(own, ALL, Place.WHOLE, Update.PLAIN);
    }

    void train(int own) {
      queue(own);
      learners.forEach(learner -> learner.step.await());
    }

    @Override
    public void close() {
      learners.forEach(Learner::close);
    }
  }

  private static List<Ring> rings() throws IOException {
    return Rings.tcp(2, Duration.ofSeconds(15));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cnn", "resnet20"})
  void theyEndWithTheBitsOfSharesInOneProcess(String model) throws IOException {
    List<Ring> rings = rings();
    Gathering gathering = new Gathering(2);
    try (Ring first = rings.get(0);
        Ring second = rings.get(1);
        Pair ring = new Pair(model, new GradientBuckets(first), new GradientBuckets(second));
        Pair here = new Pair(model, gathering.member(0), gathering.member(1))) {
      for (int own : new int[] {10, 5, 0, ALL}) {
        ring.train(own);
        here.train(own);
        for (int rank = 0; rank < 2; rank++) {
          assertThat(
                  Learner.same(ring.learners.get(rank).memory(), here.learners.get(rank).memory()))
              .isTrue();
        }
      }
    }
  }

  @Test
  void aSampleThatIsNotFiniteIsNamedOnEveryWorker() throws IOException {
    List<Ring> rings = rings();
    try (Ring first = rings.get(0);
        Ring second = rings.get(1);
        Pair pair = new Pair("cnn", new GradientBuckets(first), new GradientBuckets(second))) {
      pair.learners.get(1).change(12, Float.NaN);
      pair.queue(10);
      for (Learner learner : pair.learners) {
        assertThatThrownBy(learner.step::await)
            .isInstanceOf(Diverged.class)
            .hasMessageContaining("112");
      }
    }
  }

  @Test
  void aWorkerThatIsGoneEndsTheOthersStep() throws IOException {
    List<Ring> rings = rings();
    try (Ring first = rings.get(0);
        Ring second = rings.get(1);
        Pair pair = new Pair("cnn", new GradientBuckets(first), new GradientBuckets(second))) {
      pair.train(10);
      List<float[]> before = pair.learners.get(0).memory();
      second.close();
      pair.learners.get(0).queue(0, 10, Place.WHOLE, Update.PLAIN);
      assertThatThrownBy(pair.learners.get(0).step::await)
          .isInstanceOf(PeerLost.class)
          .hasStackTraceContaining("rank 1 has left the ring");
      assertThat(Learner.same(pair.learners.get(0).memory(), before)).isTrue();
    }
  }
}
