package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.DirectSamples;
import io.gradsieve.backend.Precision;
import io.gradsieve.backend.StepInput;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.backend.cuda.CudaBackend;
import io.gradsieve.backend.reference.ReferenceBackend;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.HeapParameters;
import io.gradsieve.graph.Parameter;
import io.gradsieve.plan.ReferenceStep;
import io.gradsieve.plan.UpdateRule;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Backends against PyTorch: loss, el2n, logits and the norm of every sample's gradient. */
class PyTorchFixtureTest {
  /** Both sides compute in double precision from the same floats. */
  private static final double DOUBLE = 1e-9;

  /** float32 through a dozen layers. */
  private static final double SINGLE = 1e-4;

  static List<String> names() {
    return PyTorchFixture.NAMES;
  }

  static Stream<Object[]> namesAndThreads() {
    return names().stream()
        .flatMap(name -> Stream.of(new Object[] {name, 1}, new Object[] {name, 3}));
  }

  @ParameterizedTest
  @MethodSource("names")
  void thePlanMeansWhatPyTorchComputesInEvaluation(String name) {
    reference(PyTorchFixture.of(name), false);
  }

  @ParameterizedTest
  @MethodSource("names")
  void thePlanMeansWhatPyTorchComputesInTraining(String name) {
    reference(PyTorchFixture.of(name), true);
  }

  @ParameterizedTest
  @MethodSource("namesAndThreads")
  void theEngineAgreesWithPyTorchInEvaluation(String name, int threads) {
    engine(Backends.open(DeviceName.CPU, threads), PyTorchFixture.of(name), false);
  }

  @ParameterizedTest
  @MethodSource("namesAndThreads")
  void theEngineAgreesWithPyTorchInTraining(String name, int threads) {
    engine(Backends.open(DeviceName.CPU, threads), PyTorchFixture.of(name), true);
  }

  @ParameterizedTest
  @MethodSource("names")
  void theReferenceBackendAgreesWithPyTorch(String name) {
    engine(new ReferenceBackend(), PyTorchFixture.of(name), false);
    engine(new ReferenceBackend(), PyTorchFixture.of(name), true);
  }

  @Tag("cuda")
  @ParameterizedTest
  @MethodSource("names")
  void theCudaBackendAgreesWithPyTorch(String name) {
    engine(CudaBackend.open(0, 1, Precision.FP32), PyTorchFixture.of(name), false);
    engine(CudaBackend.open(0, 1, Precision.FP32), PyTorchFixture.of(name), true);
  }

  private static void reference(PyTorchFixture fixture, boolean training) {
    try (Backend backend = Backends.open(DeviceName.CPU, 1);
        Network network = Network.create(fixture.spec(), HeapParameters::of, 1)) {
      network.load(fixture.weights());
      float[] floats = FlatParameters.read(network.weights());
      ReferenceStep step =
          new ReferenceStep(
                  backend.plan(network.graph(0, false), fixture.labels().length, true, true),
                  doubles(floats),
                  ReferenceStep.Batch.plain(doubles(fixture.inputs()), fixture.labels(), training))
              .run();
      String prefix = training ? "train." : "";
      double[] logits = Arrays.stream(step.logits()).flatMapToDouble(Arrays::stream).toArray();
      close("logits", logits, fixture.doubles(prefix + "logits"), DOUBLE);
      close("loss", step.loss(), fixture.doubles(prefix + "loss"), DOUBLE);
      close("el2n", step.el2n(), fixture.doubles(prefix + "el2n"), DOUBLE);
      close("grad_norm", roots(step.squaredNorm()), fixture.doubles(prefix + "grad_norm"), DOUBLE);
    }
  }

  /** Closes the backend. */
  private static void engine(Backend opened, PyTorchFixture fixture, boolean training) {
    int batch = fixture.labels().length;
    try (Backend backend = opened;
        Network network = Network.create(fixture.spec(), backend::parameters, 1)) {
      network.load(fixture.weights());
      try (CompiledStep step =
              backend.compile(
                  backend.plan(network.graph(0, false), batch + 2, true, true),
                  network.weights(),
                  Optional.of(new UpdateRule.Sgd(0, false, 0)));
          StepInput input =
              DirectSamples.of(fixture.labels().length, fixture.inputs()).input(step)) {
        fill(input, fixture);
        step.begin(input, batch, training ? Mode.TRAINING : Mode.EVALUATION, 1, 1, -1);
        step.forward();
        step.backward();
        double norm2 = step.await();
        String prefix = training ? "train." : "";
        StepRecords records = step.records();
        close("loss", first(records.loss(), batch), fixture.doubles(prefix + "loss"), SINGLE);
        close("el2n", first(records.el2n(), batch), fixture.doubles(prefix + "el2n"), SINGLE);
        close(
            "grad_norm",
            roots(first(records.squaredNorm(), batch)),
            fixture.doubles(prefix + "grad_norm"),
            SINGLE);
        logProbabilities(
            records, fixture.doubles(prefix + "logits"), batch, fixture.spec().outputs());
        if (training) {
          close(
              "batch gradient",
              new double[] {Math.sqrt(norm2)},
              fixture.doubles("train.batch_gradient_norm"),
              SINGLE);
          running(network, fixture);
        }
      }
    }
  }

  private static void fill(StepInput input, PyTorchFixture fixture) {
    int[] labels = fixture.labels();
    for (int i = 0; i < labels.length; i++) {
      input.labels().put(i, labels[i]);
      input.ids().put(i, i);
      input.planWeights().put(i, 1);
      input.sampleWeights().put(i, 1);
    }
  }

  /**
   * Logits are known up to a constant: the logarithms of the probabilities, against those of
   * PyTorch's logits.
   */
  private static void logProbabilities(
      StepRecords records, double[] logits, int batch, int classes) {
    int pitch = records.pitch();
    for (int i = 0; i < batch; i++) {
      double[] row = Arrays.copyOfRange(logits, i * classes, (i + 1) * classes);
      double sum = Arrays.stream(row).map(Math::exp).sum();
      for (int k = 0; k < classes; k++) {
        assertThat(Math.log(records.probabilities().get(i * pitch + k)))
            .as("logit %d of sample %d", k, i)
            .isCloseTo(row[k] - Math.log(sum), within(SINGLE * Math.max(1, Math.abs(row[k]))));
      }
    }
  }

  private static void running(Network network, PyTorchFixture fixture) {
    List<Parameter> parameters = network.parameters().list();
    for (int p = 0; p < parameters.size(); p++) {
      if (!parameters.get(p).trainable()) {
        close(
            parameters.get(p).name(),
            doubles(network.parameters().read(p)),
            fixture.doubles("train." + parameters.get(p).name()),
            SINGLE);
      }
    }
  }

  private static void close(String what, double[] actual, double[] expected, double tolerance) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    // Relative to the value, but not to less than a hundredth of the largest: those are differences
    // of larger numbers.
    double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i])
          .as("%s %d", what, i)
          .isCloseTo(
              expected[i], within(tolerance * Math.max(Math.abs(expected[i]), largest / 100)));
    }
  }

  private static double[] roots(double[] squares) {
    return Arrays.stream(squares).map(Math::sqrt).toArray();
  }

  private static double[] first(FloatBuffer values, int count) {
    double[] result = new double[count];
    Arrays.setAll(result, values::get);
    return result;
  }

  private static double[] doubles(float[] values) {
    double[] result = new double[values.length];
    Arrays.setAll(result, i -> values[i]);
    return result;
  }
}
