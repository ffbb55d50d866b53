package io.gradsieve.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.TestSeed;
import io.gradsieve.backend.CompiledStep.Place;
import io.gradsieve.backend.Learner.Update;
import io.gradsieve.backend.StepTimes.Phase;
import io.gradsieve.plan.UpdateRule;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.function.LongToDoubleFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two steps in one process that share a batch, against one step over all of it. */
@Timeout(120)
public abstract class SharesContract {
  static final long SEED = TestSeed.of(20_261_129);
  private static final double TOLERANCE = 1e-5;
  static final int ALL = Learner.SAMPLES;
  static final UpdateRule SGD = new UpdateRule.Sgd(0.9, false, 5e-4);

  /** With a large eps: the direction of gradients near 0 would be a matter of their roundings. */
  private static final UpdateRule LAMB = new UpdateRule.Lamb(0.9, 0.999, 0.1, 0.01);

  private final int seeds;

  /** Over so many seeds, from the test's own on. */
  protected SharesContract(int seeds) {
    this.seeds = seeds;
  }

  protected abstract Backend open(int threads);

  Learner learner(String model, int threads, UpdateRule rule, long seed) {
    return new Learner(open(threads), model, rule, seed);
  }

  /** Two learners of one batch, each with a share of it. */
  final class Pair implements AutoCloseable {
    final Gathering gathering = new Gathering(2);
    final Learner first;
    final Learner second;

    Pair(String model, int threads, UpdateRule rule, long seed) {
      first = learner(model, threads, rule, seed);
      second = learner(model, threads, rule, seed);
      first.step.share(gathering.member(0), true);
      second.step.share(gathering.member(1), true);
    }

    /** Samples from..to−1, of which {@code own} are the first learner's. */
    double train(int from, int own, int to, Place place, Update update) {
      first.queue(from, from + own, place, update);
      second.queue(from + own, to, place, update);
      double norm = first.step.await();
      double other = second.step.await();
      if (place == Place.WHOLE || place == Place.LAST) {
        assertThat(other).isEqualTo(norm);
      }
      assertThat(Learner.same(second.memory(), first.memory())).isTrue();
      return norm;
    }

    @Override
    public void close() {
      first.close();
      second.close();
    }
  }

  private record Case(String model, UpdateRule rule, int own, Update update) {}

  /** Networks that are tried in every way. */
  protected Stream<String> models() {
    return Stream.of("cnn", "resnet20-gn", "resnet20");
  }

  /** The largest over several seeds. */
  private double largest(LongToDoubleFunction measured) {
    return LongStream.range(SEED, SEED + seeds).mapToDouble(measured).max().orElseThrow();
  }

  @TestFactory
  Stream<DynamicTest> oneStepOfTwoSharesIsOneStepOverTheWholeBatch() {
    return models()
        .flatMap(
            model ->
                Stream.of(
                    new Case(model, SGD, 10, Update.PLAIN),
                    new Case(model, SGD, ALL, Update.PLAIN),
                    new Case(model, SGD, 0, new Update(0.05, 0.25, false)),
                    new Case(model, SGD, 5, new Update(0.05, 0.25, true)),
                    new Case(model, LAMB, 5, new Update(0.01, 0, true))))
        .map(c -> DynamicTest.dynamicTest(c.toString(), () -> agrees(c)));
  }

  private void agrees(Case c) {
    double difference =
        largest(
            seed -> {
              try (Pair pair = new Pair(c.model, 1, c.rule, seed);
                  Learner whole = learner(c.model, 1, c.rule, seed)) {
                double norm = pair.train(0, c.own, ALL, Place.WHOLE, c.update);
                whole.queue(0, ALL, Place.WHOLE, c.update);
                return Math.max(
                    Math.abs(norm / whole.step.await() - 1), largest(pair.first, whole, c.rule));
              }
            });
    assertThat(difference).isLessThan(TOLERANCE);
  }

  @TestFactory
  Stream<DynamicTest> partsOfSharesAreThoseOfTheWholeBatch() {
    return models().map(model -> DynamicTest.dynamicTest(model, () -> partsAgree(model)));
  }

  private void partsAgree(String model) {
    Update update = new Update(0.05, 0.25, true);
    double difference =
        largest(
            seed -> {
              try (Pair pair = new Pair(model, 1, SGD, seed);
                  Learner whole = learner(model, 1, SGD, seed)) {
                pair.train(0, 5, 6, Place.FIRST, update);
                pair.train(6, 0, 10, Place.MIDDLE, update);
                double norm = pair.train(10, 3, ALL, Place.LAST, update);
                whole.queue(0, 6, Place.FIRST, update);
                whole.queue(6, 10, Place.MIDDLE, update);
                whole.step.await();
                whole.step.await();
                whole.queue(10, ALL, Place.LAST, update);
                return Math.max(
                    Math.abs(norm / whole.step.await() - 1), largest(pair.first, whole, SGD));
              }
            });
    assertThat(difference).isLessThan(TOLERANCE);
  }

  /**
   * Whether the first gradients came before the backward pass of the first segment began, in the
   * step a pair has just taken.
   */
  private static boolean overlapped(Pair pair, StepTimes times) {
    boolean before = true;
    for (int thread = 0; thread < times.threads(); thread++) {
      before &= pair.gathering.firstGradients(0) < times.began(thread, 0, Phase.BACKWARD);
    }
    assertThat(pair.gathering.segments(0))
        .isSortedAccordingTo(Comparator.reverseOrder())
        .hasSizeGreaterThan(5);
    return before;
  }

  /** Backward waits for sums of batch norm, which come after the first gradients. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void theFirstGradientsComeBeforeBackwardEnds(int threads) {
    try (Pair pair = new Pair("resnet20", threads, SGD, SEED)) {
      StepTimes times = pair.first.step.measure();
      pair.train(0, 8, ALL, Place.WHOLE, Update.PLAIN);
      assertThat(overlapped(pair, times)).isTrue();
    }
  }

  /** Backward waits for nothing here, so a processor has to be free for the thread in time. */
  @Test
  void theFirstGradientsComeWhileBackwardRuns() {
    try (Pair pair = new Pair("resnet20-gn", 1, SGD, SEED)) {
      StepTimes times = pair.first.step.measure();
      boolean seen = false;
      for (int i = 0; i < 100 && !seen; i++) {
        pair.train(0, ALL, ALL, Place.WHOLE, Update.PLAIN); // the other's processor is free
        seen = overlapped(pair, times);
      }
      assertThat(seen).isTrue();
    }
  }

  @Test
  void queuedStepsOfSharesGiveTheBitsOfStepsApart() {
    try (Pair apart = new Pair("resnet20", 2, SGD, SEED);
        Pair queued = new Pair("resnet20", 2, SGD, SEED)) {
      for (int i = 0; i < 2; i++) {
        apart.train(0, 10, ALL, Place.WHOLE, Update.PLAIN);
        queued.first.queue(0, 10, Place.WHOLE, Update.PLAIN);
        queued.second.queue(10, ALL, Place.WHOLE, Update.PLAIN);
      }
      for (int i = 0; i < 2; i++) {
        queued.first.step.await();
        queued.second.step.await();
      }
      assertThat(Learner.same(queued.first.memory(), apart.first.memory())).isTrue();
    }
  }

  /** Of all tensors; LAMB leaves its direction where the gradient was. */
  private static double largest(Learner a, Learner b, UpdateRule rule) {
    Map<String, float[]> tensors = b.tensors();
    double largest = 0;
    for (Map.Entry<String, float[]> entry : a.tensors().entrySet()) {
      if (rule != LAMB || !entry.getKey().startsWith("gradient")) {
        largest = Math.max(largest, difference(entry.getValue(), tensors.get(entry.getKey())));
      }
    }
    return largest;
  }

  /** ‖a − b‖ / ‖b‖. */
  static double difference(float[] a, float[] b) {
    double off = 0;
    double norm = 0;
    for (int i = 0; i < a.length; i++) {
      off = Math.hypot(off, (double) a[i] - b[i]);
      norm = Math.hypot(norm, b[i]);
    }
    return Arrays.equals(a, b) ? 0 : off / norm;
  }
}
