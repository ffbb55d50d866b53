package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.TestSeed;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.backend.reference.ReferenceBackend;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.nn.layer.Activation;
import io.gradsieve.nn.layer.BatchNorm;
import io.gradsieve.nn.layer.Conv2d;
import io.gradsieve.nn.layer.Flatten;
import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.Linear;
import io.gradsieve.nn.layer.Residual;
import io.gradsieve.plan.UpdateRule;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The two backends on the same networks, and the files of one on the other. */
class TwoBackendsTest {
  private static final long SEED = TestSeed.of(11);

  /** One step from the same weights: some hundred roundings of float32. */
  private static final double ONE_STEP = 1e-5;

  /** float32 through up to twenty layers. */
  private static final double DEEP = 1e-4;

  private static final UpdateRule SGD = new UpdateRule.Sgd(0.9, false, 1e-4);

  @TempDir private Path directory;

  static List<String> models() {
    return Models.NAMES;
  }

  static Stream<Object[]> rulesAndDirections() {
    return Stream.of(
            new UpdateRule.Sgd(0.9, true, 0.01),
            new UpdateRule.AdamW(0.9, 0.99, 1e-6, 0.01),
            new UpdateRule.Lars(0.9, 0.01, 0.02),
            new UpdateRule.Lamb(0.9, 0.99, 1e-6, 0.01))
        .flatMap(rule -> Stream.of(new Object[] {rule, true}, new Object[] {rule, false}));
  }

  /** In evaluation, where no batch norm of a few values makes roundings large. */
  @ParameterizedTest
  @MethodSource("models")
  void aBuiltInModelTakesTheSameStepOnBoth(String model) {
    NetworkSpec spec = Models.of(model, 3, 8, 8, 4);
    try (NetworkStep cpu = new NetworkStep(Backends.open(DeviceName.CPU, 2), spec, 2, SGD, SEED);
        NetworkStep reference = new NetworkStep(new ReferenceBackend(), spec, 2, SGD, SEED)) {
      cpu.train(Mode.EVALUATION, 0.1, 1);
      reference.train(Mode.EVALUATION, 0.1, 1);
      StepRecords expected = reference.compiled.records();
      StepRecords actual = cpu.compiled.records();
      close("loss", actual.loss(), expected.loss(), DEEP);
      close("el2n", actual.el2n(), expected.el2n(), DEEP);
      close("squared norm", actual.squaredNorm(), expected.squaredNorm(), DEEP);
      close(cpu.network.weights(), reference.network.weights(), DEEP);
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void aBuiltInModelTrainsOnTheReference(String model) {
    NetworkSpec spec = Models.of(model, 3, 8, 8, 4);
    try (NetworkStep step = new NetworkStep(new ReferenceBackend(), spec, 2, SGD, SEED)) {
      float[] before = FlatParameters.read(step.network.weights());
      step.train(Mode.TRAINING, 0.1, 1);
      float[] after = FlatParameters.read(step.network.weights());
      assertThat(after).isNotEqualTo(before);
      double sum = 0;
      for (float weight : after) {
        sum += Math.abs(weight);
      }
      assertThat(sum).isFinite();
    }
  }

  @ParameterizedTest
  @MethodSource("rulesAndDirections")
  void aCheckpointOfOneGoesOnOnTheOther(UpdateRule rule, boolean fromCpu) throws IOException {
    NetworkSpec spec = small();
    try (NetworkStep writer = new NetworkStep(open(fromCpu), spec, 8, rule, SEED);
        NetworkStep reader = new NetworkStep(open(!fromCpu), spec, 8, rule, SEED)) {
      for (long count = 1; count <= 3; count++) {
        writer.train(Mode.TRAINING, 0.05, count);
      }
      Path weights = directory.resolve("weights.safetensors");
      Path states = directory.resolve("optimizer.safetensors");
      writer.network.save(weights);
      try (OutputStream out = Files.newOutputStream(states)) {
        OptimizerState.save(out, writer.compiled.optimizerState());
      }
      reader.network.load(weights);
      OptimizerState.load(states, reader.compiled.optimizerState());
      close(reader.network.weights(), writer.network.weights(), 0);
      writer.train(Mode.TRAINING, 0.05, 4);
      reader.train(Mode.TRAINING, 0.05, 4);
      close(reader.network.weights(), writer.network.weights(), ONE_STEP);
      for (String state : rule.states()) {
        close(
            reader.compiled.optimizerState().get(state),
            writer.compiled.optimizerState().get(state),
            ONE_STEP);
      }
    }
  }

  private static Backend open(boolean cpu) {
    return cpu ? Backends.open(DeviceName.CPU, 2) : new ReferenceBackend();
  }

  /** Running statistics and parameters with and without trust ratio and decay. */
  private static NetworkSpec small() {
    Layer relu = new Activation(Kind.Function.RELU);
    Layer conv = new Conv2d(4, 3, 3, 1, 1, false);
    return NetworkSpec.of(
        List.of(2, 5, 5),
        List.of(
            conv,
            new BatchNorm(),
            relu,
            new Residual(List.of(conv, new BatchNorm(), relu, conv), List.of()),
            new Flatten(),
            new Linear(8, true),
            new Activation(Kind.Function.TANH),
            new Linear(3, true)));
  }

  private static void close(ParameterValues actual, ParameterValues expected, double tolerance) {
    assertThat(actual.parameters()).isEqualTo(expected.parameters());
    for (int p = 0; p < expected.parameters().size(); p++) {
      close(
          expected.parameters().get(p).name(),
          FloatBuffer.wrap(actual.read(p)),
          FloatBuffer.wrap(expected.read(p)),
          tolerance);
    }
  }

  private static void close(
      String what, FloatBuffer actual, FloatBuffer expected, double tolerance) {
    float largest = 0;
    for (int i = 0; i < expected.capacity(); i++) {
      largest = Math.max(largest, Math.abs(expected.get(i)));
    }
    for (int i = 0; i < expected.capacity(); i++) {
      assertThat(actual.get(i))
          .as("%s %d", what, i)
          .isCloseTo(expected.get(i), within((float) (tolerance * largest)));
    }
  }
}
