package io.gradsieve.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.TestSeed;
import io.gradsieve.backend.CompiledStep.Part;
import io.gradsieve.backend.Learner.Update;
import io.gradsieve.plan.UpdateRule;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Two steps in one process that share a batch, against one step over all of it. */
class SharesTest {
  private static final long SEED = TestSeed.of(20_261_129);
  private static final UpdateRule SGD = new UpdateRule.Sgd(0.9, false, 5e-4);
  private static final UpdateRule LAMB = new UpdateRule.Lamb(0.9, 0.999, 1e-6, 0.01);
  private static final int ALL = Learner.SAMPLES;

  /** Two learners of one batch: the first has its first samples, the second the others. */
  private static final class Pair implements AutoCloseable {
    final Gathering gathering = new Gathering(2);
    final Learner first;
    final Learner second;

    Pair(String model, int threads, UpdateRule rule) {
      first = new Learner(model, threads, rule, SEED);
      second = new Learner(model, threads, rule, SEED);
      first.step.share(gathering.member(0), true);
      second.step.share(gathering.member(1), true);
    }

    double train(int own, Update update) {
      first.queue(0, own, update);
      second.queue(own, ALL, update);
      double norm = first.step.await();
      assertThat(second.step.await()).isEqualTo(norm);
      return norm;
    }

    @Override
    public void close() {
      first.close();
      second.close();
    }
  }

  private record Case(String model, UpdateRule rule, int own, Update update) {
    @Override
    public String toString() {
      return model + ", " + rule + ", " + own + " + " + (ALL - own) + ", " + update;
    }
  }

  @TestFactory
  Stream<DynamicTest> oneStepOfTwoSharesIsOneStepOverTheWholeBatch() {
    return Stream.of("cnn", "resnet20-gn", "resnet20")
        .flatMap(
            model ->
                Stream.of(
                    new Case(model, SGD, 10, Update.PLAIN),
                    new Case(model, SGD, ALL, Update.PLAIN),
                    new Case(model, SGD, 0, new Update(0.05, 0.25, false)),
                    new Case(model, SGD, 5, new Update(0.05, 0, true)),
                    new Case(model, LAMB, 5, new Update(0.01, 0.25, true))))
        .map(c -> DynamicTest.dynamicTest(c.toString(), () -> agree(c)));
  }

  private static void agree(Case c) {
    try (Pair pair = new Pair(c.model, 1, c.rule);
        Learner whole = new Learner(c.model, 1, c.rule, SEED)) {
      double norm = pair.train(c.own, c.update);
      whole.queue(0, ALL, c.update);
      double expected = whole.step.await();
      System.out.printf("%s: norm %g%n", c, Math.abs(norm - expected) / expected);
      double worst = 0;
      Map<String, float[]> other = whole.tensors();
      for (Map.Entry<String, float[]> e : pair.first.tensors().entrySet()) {
        double d = difference(e.getValue(), other.get(e.getKey()));
        if (d > 5e-6) {
          System.out.println(e.getKey() + " " + d);
        }
        worst = Math.max(worst, d);
      }
      System.out.println(worst);
      assertThat(pair.second.memory()).usingRecursiveComparison().isEqualTo(pair.first.memory());
    }
  }

  private static double difference(float[] a, float[] b) {
    double off = 0;
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      off = Math.max(off, Math.abs((double) a[i] - b[i]));
      largest = Math.max(largest, Math.abs(b[i]));
    }
    return off == 0 ? 0 : off / largest;
  }
}
