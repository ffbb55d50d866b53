package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.RandomBits;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.DirectSamples;
import io.gradsieve.backend.StepInput;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.Parameter;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** LARS and LAMB against their formulas in double precision, tensor by tensor. */
class TrustRatioTest {
  private static final int BATCH = 9;
  private static final double RATE = 0.1;
  private static final double DIVISOR = 12;
  private static final double DECAY = 0.05;
  private static final String MODEL =
      """
      input: [1, 6, 6]
      layers:
        - conv2d: {channels: 5, kernel: 3, padding: 1}
        - batchnorm
        - relu
        - flatten
        - linear: {features: 3}
      """;

  /** Twenty roundings, relative to the largest weight. */
  private static final double TOLERANCE = 2e-6;

  private static final UpdateRule.Lars LARS = new UpdateRule.Lars(0.9, DECAY, 0.02);
  private static final UpdateRule.Lamb LAMB = new UpdateRule.Lamb(0.9, 0.999, 1e-6, DECAY);

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void larsScalesEachTensorsGradientAndDecay(int threads) throws IOException {
    follow(LARS, threads);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void lambScalesEachTensorsDirection(int threads) throws IOException {
    follow(LAMB, threads);
  }

  private void follow(UpdateRule rule, int threads) throws IOException {
    NetworkSpec spec = NetworkSpec.read(Files.writeString(directory.resolve("m.yaml"), MODEL));
    try (Backend backend = Backends.open(DeviceName.CPU, threads);
        Network network = Network.create(spec, backend::parameters, 3);
        CompiledStep plain =
            backend.compile(plan(backend, network), network.weights(), Optional.empty());
        CompiledStep step =
            backend.compile(plan(backend, network), network.weights(), Optional.of(rule));
        StepInput looked = samples().input(plain);
        StepInput input = samples().input(step)) {
      fill(looked);
      fill(input);
      List<Parameter> parameters = step.gradients().parameters();
      int[] offsets = FlatParameters.offsets(parameters);
      float[] weights = FlatParameters.read(network.weights());
      double[] expected = new double[weights.length];
      for (int j = 0; j < weights.length; j++) {
        expected[j] = weights[j];
      }
      double[] first = new double[weights.length];
      double[] second = new double[weights.length];
      for (int count = 1; count <= 3; count++) {
        run(plain, looked);
        plain.await();
        float[] gradient = FlatParameters.read(plain.gradients());
        run(step, input);
        step.update(RATE, DIVISOR, 0, count);
        step.await();
        for (int p = 0; p < offsets.length; p++) {
          reference(rule, parameters.get(p), offsets[p], expected, gradient, first, second, count);
        }
        weights = FlatParameters.read(network.weights());
        for (int j = 0; j < gradient.length; j++) {
          assertThat((double) weights[j])
              .as("step %d, weight %d", count, j)
              .isCloseTo(expected[j], within(TOLERANCE * count));
          expected[j] = weights[j];
        }
      }
    }
  }

  private static StepPlan plan(Backend backend, Network network) {
    return backend.plan(network.graph(0, false), BATCH, true, true);
  }

  private static DirectSamples samples() {
    RandomBits random = RandomBits.of(1, "inputs", 0);
    float[] values = new float[BATCH * 36];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (2 * random.uniform(i) - 1);
    }
    return DirectSamples.of(BATCH, values);
  }

  private static void fill(StepInput input) {
    for (int i = 0; i < BATCH; i++) {
      input.labels().put(i, i % 3);
      input.ids().put(i, i);
      input.planWeights().put(i, 1);
      input.sampleWeights().put(i, 1);
    }
  }

  private static void run(CompiledStep step, StepInput input) {
    step.begin(input, BATCH, Mode.TRAINING, 1, 1, -1);
    step.forward();
    step.backward();
  }

  private static void reference(
      UpdateRule rule,
      Parameter parameter,
      int from,
      double[] theta,
      float[] gradient,
      double[] first,
      double[] second,
      int count) {
    int to = from + Math.toIntExact(parameter.elements());
    boolean matrix = parameter.shape().size() > 1;
    double decay = matrix ? DECAY : 0;
    double[] toward = new double[to - from];
    double thetaNorm = 0;
    double norm = 0;
    for (int j = from; j < to; j++) {
      double g = gradient[j] / DIVISOR;
      if (rule instanceof UpdateRule.Lamb lamb) {
        first[j] = lamb.beta1() * first[j] + (1 - lamb.beta1()) * g;
        second[j] = lamb.beta2() * second[j] + (1 - lamb.beta2()) * g * g;
        double m = first[j] / (1 - Math.pow(lamb.beta1(), count));
        double v = second[j] / (1 - Math.pow(lamb.beta2(), count));
        g = m / (Math.sqrt(v) + lamb.eps()) + decay * theta[j];
      }
      toward[j - from] = g;
      thetaNorm = Math.hypot(thetaNorm, theta[j]);
      norm = Math.hypot(norm, g);
    }
    for (int j = from; j < to; j++) {
      double g = toward[j - from];
      if (rule instanceof UpdateRule.Lars lars) {
        double ratio = matrix ? lars.trust() * thetaNorm / (norm + decay * thetaNorm) : 1;
        first[j] = lars.momentum() * first[j] + ratio * (g + decay * theta[j]);
        theta[j] -= RATE * first[j];
      } else {
        theta[j] -= RATE * (matrix ? thetaNorm / norm : 1) * g;
      }
    }
  }
}
