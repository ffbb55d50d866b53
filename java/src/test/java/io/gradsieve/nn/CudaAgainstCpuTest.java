package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.TestSeed;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.Precision;
import io.gradsieve.backend.cuda.CudaBackend;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.nn.layer.Flatten;
import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.Linear;
import io.gradsieve.nn.layer.ParameterList;
import io.gradsieve.nn.layer.Shape;
import io.gradsieve.plan.UpdateRule;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole steps on a GPU, or what stands in for one, beside the CPU's. Errors are root mean squares
 * of a tensor, relative to the CPU's.
 */
@Tag("cuda")
class CudaAgainstCpuTest {
  private static final long SEED = TestSeed.of(17);
  private static final int BATCH = 8;

  /** Some hundred roundings of float32. */
  private static final double SINGLE = 1e-5;

  /** Three steps, whose roundings go on. */
  private static final double DEEP = 1e-4;

  /** In a deep network a relu flips now and then by a rounding, and moves what is behind it. */
  private static final double FLIPPED = 1e-2;

  /** Of the largest tensor: what is smaller is only roundings. */
  private static final double NEGLIGIBLE = 1e-2;

  private static final UpdateRule SGD = new UpdateRule.Sgd(0.9, false, 1e-4);

  static Stream<String> models() {
    return Stream.of("mlp", "cnn", "resnet20", "resnet20-gn");
  }

  static Stream<String> fixtures() {
    return PyTorchFixture.NAMES.stream();
  }

  @ParameterizedTest
  @MethodSource("models")
  void aBuiltInModelTakesTheCpusStep(String model) {
    compare(Models.of(model, 3, 16, 16, 10), FLIPPED);
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void aFixtureTakesTheCpusStep(String fixture) {
    compare(PyTorchFixture.of(fixture).spec(), FLIPPED);
  }

  static Stream<UpdateRule> rules() {
    return Stream.of(
        new UpdateRule.Sgd(0.9, true, 0.01),
        new UpdateRule.AdamW(0.9, 0.99, 1e-6, 0.01),
        new UpdateRule.Lars(0.9, 0.01, 0.02),
        new UpdateRule.Lamb(0.9, 0.99, 1e-6, 0.01));
  }

  /** The third step is a graph; weights and optimizer state are compared. */
  @ParameterizedTest
  @MethodSource("rules")
  void everyRuleMovesTheWeightsAsOnTheCpu(UpdateRule rule) {
    NetworkSpec spec = PyTorchFixture.of("pooled-convolutions").spec();
    try (NetworkStep cpu = step(Backends.open(DeviceName.CPU, 2), spec, rule);
        NetworkStep cuda = step(CudaBackend.open(0, 2, Precision.FP32), spec, rule)) {
      for (long count = 1; count <= 3; count++) {
        cpu.train(Mode.TRAINING, 0.01, count);
        cuda.train(Mode.TRAINING, 0.01, count);
      }
      List<Double> errors = errors(cuda.network.weights(), cpu.network.weights());
      for (String state : rule.states()) {
        errors.addAll(
            errors(
                cuda.compiled.optimizerState().get(state),
                cpu.compiled.optimizerState().get(state)));
      }
      assertThat(errors).allSatisfy(error -> assertThat(error).isLessThan(DEEP));
    }
  }

  /** With what it reads as random numbers, so that nothing before it differs. */
  @ParameterizedTest
  @MethodSource("models")
  void eachLayerOfAModelByItselfAgreesTensorByTensor(String model) {
    for (NetworkSpec layer : layers(Models.of(model, 3, 16, 16, 10))) {
      compare(layer, SINGLE);
    }
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void eachLayerOfAFixtureByItselfAgreesTensorByTensor(String fixture) {
    for (NetworkSpec layer : layers(PyTorchFixture.of(fixture).spec())) {
      compare(layer, SINGLE);
    }
  }

  /** Networks of one layer each, with a linear layer behind it, in the model's own shapes. */
  private static List<NetworkSpec> layers(NetworkSpec model) {
    Map<String, NetworkSpec> distinct = new LinkedHashMap<>();
    Shape in = model.describe().input();
    for (Layer layer : model.layers()) {
      Shape out = layer.describe(in, "0", new ParameterList.Builder());
      boolean image = in.positions() > 1;
      List<Layer> alone = new ArrayList<>();
      if (image && in.flat()) {
        alone.add(new Flatten());
      }
      alone.add(layer);
      if (!out.flat()) {
        alone.add(new Flatten());
      }
      alone.add(new Linear(5, true));
      NetworkSpec spec =
          NetworkSpec.of(
              image ? List.of(in.channels(), in.height(), in.width()) : List.of(in.features()),
              alone);
      distinct.putIfAbsent(spec.toYaml(), spec);
      in = out;
    }
    return List.copyOf(distinct.values());
  }

  private static void compare(NetworkSpec spec, double worstAllowed) {
    try (NetworkStep cpu = step(Backends.open(DeviceName.CPU, 2), spec, SGD);
        NetworkStep cuda = step(CudaBackend.open(0, 2, Precision.FP32), spec, SGD)) {
      cpu.train(Mode.TRAINING, 0.1, 1);
      cuda.train(Mode.TRAINING, 0.1, 1);
      String what = spec.toYaml();
      assertThat(error(cuda.compiled.records().loss(), cpu.compiled.records().loss(), 0))
          .as("losses of %s", what)
          .isLessThan(SINGLE);
      List<Double> errors = new ArrayList<>();
      errors.add(
          error(cuda.compiled.records().squaredNorm(), cpu.compiled.records().squaredNorm(), 0));
      errors.addAll(errors(cuda.compiled.gradients(), cpu.compiled.gradients()));
      errors.addAll(errors(cuda.network.weights(), cpu.network.weights()));
      double[] sorted = errors.stream().mapToDouble(e -> e).sorted().toArray();
      assertThat(sorted[sorted.length / 2]).as("median of %s", what).isLessThan(SINGLE);
      assertThat(sorted[sorted.length - 1]).as("worst of %s", what).isLessThan(worstAllowed);
    }
  }

  private static NetworkStep step(Backend backend, NetworkSpec spec, UpdateRule rule) {
    return new NetworkStep(backend, spec, BATCH, rule, SEED);
  }

  /**
   * A bias before a batch norm has no gradient but roundings: those count by the largest tensor.
   */
  private static List<Double> errors(ParameterValues actual, ParameterValues expected) {
    double largest = 0;
    for (int p = 0; p < expected.parameters().size(); p++) {
      FloatBuffer values = FloatBuffer.wrap(expected.read(p));
      largest = Math.max(largest, size(values));
    }
    List<Double> errors = new ArrayList<>();
    for (int p = 0; p < expected.parameters().size(); p++) {
      FloatBuffer values = FloatBuffer.wrap(expected.read(p));
      errors.add(error(FloatBuffer.wrap(actual.read(p)), values, NEGLIGIBLE * largest));
    }
    return errors;
  }

  private static double error(FloatBuffer actual, FloatBuffer expected, double least) {
    float[] difference = new float[expected.capacity()];
    for (int i = 0; i < difference.length; i++) {
      difference[i] = actual.get(i) - expected.get(i);
    }
    FloatBuffer differences = FloatBuffer.wrap(difference);
    return size(differences) / Math.max(size(expected), least);
  }

  private static double size(FloatBuffer values) {
    double sum = 0;
    for (int i = 0; i < values.capacity(); i++) {
      sum += (double) values.get(i) * values.get(i);
    }
    return Math.sqrt(sum);
  }
}
