package io.gradsieve.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.GradsieveException;
import io.gradsieve.TestSeed;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every backend promises; a backend's test extends it. */
public abstract class BackendContract extends NetworkContract {
  /** float32 against double: some hundred roundings of 6e-8 each. */
  private static final double TOLERANCE = 2e-5;

  private static final long SEED = TestSeed.of(20_261_123);
  private static final int CAPACITY = 11;
  private static final int BATCH = 9;
  private static final UpdateRule SGD = new UpdateRule.Sgd(0.9, false, 0.01);

  private Backend backend;
  private float[] weights;
  private float[][] inputs;
  private int[] labels;
  private double[] planWeights;
  private double[] sampleWeights;

  @BeforeEach
  void openBackend() {
    Random random = new Random(SEED);
    backend = open(2);
    weights = Perceptron.weights(random);
    inputs = new float[BATCH][Perceptron.FEATURES];
    labels = new int[BATCH];
    planWeights = new double[BATCH];
    sampleWeights = new double[BATCH];
    for (int i = 0; i < BATCH; i++) {
      for (int d = 0; d < Perceptron.FEATURES; d++) {
        inputs[i][d] = (float) random.nextGaussian();
      }
      labels[i] = random.nextInt(Perceptron.CLASSES);
      planWeights[i] = 1 + i % 3;
      sampleWeights[i] = 0.5 + 0.25 * (i % 4);
    }
  }

  @AfterEach
  void closeBackend() {
    backend.close();
  }

  /** A compiled step over the nine samples with its weights and its filled input. */
  private final class Bench implements AutoCloseable {
    final ParameterValues buffer;
    final CompiledStep step;
    final StepInput input;
    final FloatBuffer samples;

    Bench(StepPlan plan, Optional<UpdateRule> rule) {
      buffer = backend.parameters(plan.graph());
      FlatParameters.write(buffer, weights);
      step = backend.compile(plan, buffer, rule);
      DirectSamples all = new DirectSamples(BATCH, Perceptron.FEATURES * Float.BYTES);
      input = all.input(step);
      samples = all.memory().asFloatBuffer();
      for (int i = 0; i < BATCH; i++) {
        samples.put(i * Perceptron.FEATURES, inputs[i]);
        input.labels().put(i, labels[i]);
        input.ids().put(i, 100 + i);
        input.planWeights().put(i, (float) planWeights[i]);
        input.sampleWeights().put(i, (float) sampleWeights[i]);
      }
    }

    void begin(int batch) {
      step.begin(input, batch, Mode.TRAINING, 1, 1, -1);
    }

    double gradients() {
      begin(BATCH);
      step.forward();
      step.backward();
      return step.await();
    }

    /** A step over the first samples, to the update, not awaited. */
    void queue(int batch, long count) {
      begin(batch);
      step.forward();
      step.backward();
      step.update(0.1, BATCH * 1.5, 0, count);
    }

    void train(long count) {
      queue(BATCH, count);
      step.await();
    }

    float[] weightsNow() {
      return FlatParameters.read(buffer);
    }

    @Override
    public void close() {
      input.close();
      step.close();
      buffer.close();
    }
  }

  private StepPlan plan(boolean norms, boolean backward) {
    return backend.plan(Perceptron.graph(), CAPACITY, backward, norms);
  }

  private Bench training() {
    return new Bench(plan(true, true), Optional.of(SGD));
  }

  private Perceptron.Reference reference(int i) {
    return Perceptron.reference(weights, inputs[i], labels[i], planWeights[i] * sampleWeights[i]);
  }

  @Test
  void recordsOfEverySampleEqualTheReference() {
    try (Bench bench = training()) {
      bench.gradients();
      StepRecords records = bench.step.records();
      int pitch = records.pitch();
      for (int i = 0; i < BATCH; i++) {
        Perceptron.Reference expected = reference(i);
        double[] p = expected.probabilities();
        assertThat((double) records.crossEntropy().get(i))
            .isCloseTo(expected.crossEntropy(), within(TOLERANCE));
        assertThat((double) records.loss().get(i))
            .isCloseTo(sampleWeights[i] * expected.crossEntropy(), within(TOLERANCE));
        assertThat((double) records.confidence().get(i)).isCloseTo(p[labels[i]], within(TOLERANCE));
        assertThat((double) records.squaredNorm().get(i))
            .isCloseTo(expected.squaredNorm(), within(TOLERANCE * (1 + expected.squaredNorm())));
        double el2n = 0;
        double other = 0;
        int best = 0;
        for (int k = 0; k < p.length; k++) {
          el2n += Math.pow(p[k] - (k == labels[i] ? 1 : 0), 2);
          other = k == labels[i] ? other : Math.max(other, p[k]);
          best = p[k] > p[best] ? k : best;
          assertThat((double) records.probabilities().get(i * pitch + k))
              .isCloseTo(p[k], within(TOLERANCE));
        }
        assertThat((double) records.el2n().get(i)).isCloseTo(Math.sqrt(el2n), within(TOLERANCE));
        assertThat((double) records.margin().get(i))
            .isCloseTo(1 + other - p[labels[i]], within(TOLERANCE));
        assertThat(records.predicted().get(i)).isEqualTo(best);
      }
    }
  }

  @Test
  void theGradientIsTheSumOfTheSamplesTerms() {
    try (Bench bench = training()) {
      double squaredNorm = bench.gradients();
      float[] gradient = FlatParameters.read(bench.step.gradients());
      double expectedNorm = 0;
      for (int j = 0; j < gradient.length; j++) {
        double expected = 0;
        for (int i = 0; i < BATCH; i++) {
          expected += reference(i).gradient()[j];
        }
        assertThat((double) gradient[j]).as("gradient %d", j).isCloseTo(expected, within(1e-4));
        expectedNorm += expected * expected;
      }
      assertThat(squaredNorm).isCloseTo(expectedNorm, within(1e-4 * expectedNorm));
    }
  }

  @Test
  void anUpdateFollowsTheRuleOfPyTorch() {
    try (Bench bench = training()) {
      bench.train(1);
      double divisor = BATCH * 1.5;
      float[] after = bench.weightsNow();
      for (int j = 0; j < after.length; j++) {
        double sum = 0;
        for (int i = 0; i < BATCH; i++) {
          sum += reference(i).gradient()[j];
        }
        double expected = weights[j] - 0.1 * (sum / divisor + 0.01 * weights[j]);
        assertThat((double) after[j]).as("weight %d", j).isCloseTo(expected, within(TOLERANCE));
      }
    }
  }

  @Test
  void aNumberThatIsNotFiniteIsFoundWhereverItLies() {
    try (Bench bench = training()) {
      assertThat(bench.buffer.notFinite()).isEmpty();
      for (int p = 0; p < bench.buffer.parameters().size(); p++) {
        float[] before = bench.buffer.read(p);
        float[] spoilt = before.clone();
        spoilt[spoilt.length - 1] = Float.POSITIVE_INFINITY;
        bench.buffer.write(p, spoilt);
        assertThat(bench.buffer.notFinite()).contains(Float.POSITIVE_INFINITY);
        bench.buffer.write(p, before);
      }
      assertThat(bench.step.gradients().notFinite()).isEmpty();
    }
  }

  @Test
  void twoRunsGiveTheSameBits() {
    float[][] results = new float[2][];
    for (int run = 0; run < 2; run++) {
      try (Bench bench = training()) {
        for (int count = 1; count <= 5; count++) {
          bench.train(count);
        }
        results[run] = bench.weightsNow();
      }
    }
    assertThat(results[1]).containsExactly(results[0]);
  }

  @Test
  void aStepMakesOneNativeCallPerSegmentAndPass() {
    try (Bench bench = training()) {
      int segments = plan(true, true).segments().size();
      bench.gradients();
      assertThat(bench.step.segmentCalls()).isEqualTo(2L * segments);
      bench.train(1);
      assertThat(bench.step.segmentCalls()).isEqualTo((2L + 3L) * segments);
    }
  }

  @Test
  void withoutNormsThereAreNone() {
    try (Bench without = new Bench(plan(false, true), Optional.of(SGD))) {
      without.gradients();
      assertThat(without.step.records().squaredNorm().get(0)).isZero();
    }
  }

  @Test
  void everyByteIsInTheLedgerAndGoneAfterwards() {
    try (Bench bench = training()) {
      bench.train(1);
      assertThat(backend.ledger().open())
          .containsKeys(
              "weights", "arena", "scratch", "gradients", "optimizer", "records", "input");
      assertThatThrownBy(backend::close)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("weights=");
    }
    assertThat(backend.ledger().open()).isEqualTo(Map.of());
    assertThat(backend.ledger().peak()).isPositive();
  }

  @Test
  void aLossThatIsNotFiniteChangesNoWeight() {
    try (Bench bench = training()) {
      bench.samples.put(3, Float.NaN);
      bench.queue(BATCH, 1);
      assertThatThrownBy(bench.step::await).isInstanceOf(GradsieveException.Diverged.class);
      assertThat(bench.weightsNow()).containsExactly(weights);
    }
  }

  @Test
  void aStepQueuedBehindOneThatDivergesChangesNoWeightEither() {
    float[] sample = new float[Perceptron.FEATURES];
    sample[0] = Float.NaN;
    try (Bench bench = training();
        StepInput spoilt = DirectSamples.of(1, sample).input(bench.step)) {
      spoilt.planWeights().put(0, 1);
      spoilt.sampleWeights().put(0, 1);
      bench.step.begin(spoilt, 1, Mode.TRAINING, 1, 1, -1);
      bench.step.forward();
      bench.step.backward();
      bench.step.update(0.1, 1, 0, 1);
      bench.queue(BATCH, 2);
      assertThatThrownBy(bench.step::await).isInstanceOf(GradsieveException.Diverged.class);
      assertThatThrownBy(bench.step::await).isInstanceOf(GradsieveException.Diverged.class);
      assertThat(bench.weightsNow()).containsExactly(weights);
      bench.train(3);
      assertThat(bench.weightsNow()).isNotEqualTo(weights);
    }
  }

  @Test
  void aStepQueuedBehindAnotherGivesTheSameBits() {
    try (Bench apart = training();
        Bench queued = training()) {
      apart.train(1);
      float first = apart.step.records().loss().get(0);
      apart.train(2);
      queued.queue(BATCH, 1);
      queued.queue(BATCH, 2);
      assertThatThrownBy(() -> queued.begin(1)).hasMessageContaining("2 steps are under way");
      queued.step.await();
      assertThat(queued.step.records().loss().get(0)).isEqualTo(first);
      queued.step.await();
      assertThat(queued.step.records().loss()).isEqualTo(apart.step.records().loss());
      assertThat(queued.step.records().squaredNorm()).isEqualTo(apart.step.records().squaredNorm());
      assertThat(queued.weightsNow()).containsExactly(apart.weightsNow());
    }
  }

  @Test
  void clippingBoundsTheStep() {
    try (Bench bench = new Bench(plan(true, true), Optional.of(new UpdateRule.Sgd(0, false, 0)))) {
      bench.begin(BATCH);
      bench.step.forward();
      bench.step.backward();
      bench.step.update(1, 1, 0.125, 1);
      bench.step.await();
      double moved = 0;
      float[] after = bench.weightsNow();
      for (int j = 0; j < after.length; j++) {
        moved += Math.pow(after[j] - weights[j], 2);
      }
      assertThat(Math.sqrt(moved)).isCloseTo(0.125, within(1e-5));
    }
  }

  @Test
  void aPlanWithoutBackwardPassScoresOnly() {
    try (Bench bench = new Bench(plan(false, false), Optional.empty())) {
      bench.step.begin(bench.input, BATCH, Mode.EVALUATION, 1, 1, 0);
      bench.step.forward();
      assertThat(bench.step.await()).isZero();
      assertThat((double) bench.step.records().crossEntropy().get(2))
          .isCloseTo(reference(2).crossEntropy(), within(TOLERANCE));
      assertThatThrownBy(bench.step::backward).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void aBatchOutsideTheCapacityIsRefused() {
    try (Bench bench = training()) {
      assertThatThrownBy(() -> bench.begin(0)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> bench.begin(CAPACITY + 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("1.." + CAPACITY);
    }
  }

  @Test
  void closingAnInputWaitsForTheStepThatReadsIt() {
    try (Bench waited = training();
        Bench closed = training()) {
      waited.train(1);
      closed.queue(BATCH, 1);
      closed.input.close();
      assertThat(closed.weightsNow()).containsExactly(waited.weightsNow());
    }
  }

  @Test
  void aClosedInputIsNotUsed() {
    try (Bench bench = training()) {
      bench.input.close();
      assertThatThrownBy(() -> bench.begin(1)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void closedMemoryIsNotUsed() {
    Bench bench = training();
    bench.close();
    assertThatThrownBy(() -> bench.begin(1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> bench.buffer.read(0)).isInstanceOf(IllegalStateException.class);
    bench.close();
  }
}
