package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.OptionalPart;
import io.gradsieve.RandomBits;
import io.gradsieve.SystemPython;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.DirectSamples;
import io.gradsieve.backend.StepInput;
import io.gradsieve.format.safetensors.SafeTensors;
import io.gradsieve.format.safetensors.SafeTensorsWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Weights written by the engine load strictly in PyTorch and give the same logits there, and the
 * reverse.
 */
class PyTorchExchangeTest {
  private static final int BATCH = 3;

  /** float32 on both sides. */
  private static final double TOLERANCE = 1e-4;

  @TempDir Path directory;

  @Test
  void theDocumentShowsTheModulesThatAreTestedHere() throws IOException {
    String document = Files.readString(Path.of("..", "docs", "pytorch.md"));
    String[] parts = Files.readString(Path.of("src/test/python/sequential.py")).split("# docs: ");
    assertThat(parts).hasSize(5);
    for (String part : List.of(parts[1], parts[3])) {
      assertThat(document)
          .contains("```python\n" + part.substring(part.indexOf('\n') + 1).strip() + "\n```");
    }
  }

  @Test
  void weightsGoBothWaysForEveryModel() throws IOException, InterruptedException {
    OptionalPart.need(
        SystemPython.has("torch, yaml"),
        "python3-torch is not installed (apt-get install python3-torch)");
    Map<String, NetworkSpec> specs = new LinkedHashMap<>();
    for (String model : Models.NAMES) {
      specs.put(model, Models.of(model, 3, 16, 16, 5));
    }
    for (String fixture : PyTorchFixture.NAMES) {
      specs.put(fixture, PyTorchFixture.of(fixture).spec());
    }
    try (Backend backend = Backends.open(DeviceName.CPU, 2)) {
      Map<String, double[]> ours = new LinkedHashMap<>();
      for (Map.Entry<String, NetworkSpec> e : specs.entrySet()) {
        ours.put(e.getKey(), write(backend, e.getKey(), e.getValue()));
      }
      SystemPython.run("exchange.py", directory);
      for (Map.Entry<String, NetworkSpec> e : specs.entrySet()) {
        String name = e.getKey();
        compare(
            name + ": the engine's weights in PyTorch",
            ours.get(name),
            theirs(name, "engine-logits"));
        try (Network network = Network.create(e.getValue(), backend::parameters, 1)) {
          network.load(directory.resolve(name + ".pytorch.safetensors"));
          double[] loaded = logProbabilities(backend, network, inputs(e.getValue()));
          compare(
              name + ": PyTorch's weights in the engine", loaded, theirs(name, "pytorch-logits"));
          assertThat(network.parameters().counters())
              .allMatch(counter -> network.parameters().counter(counter) == 3);
        }
      }
    }
  }

  /** Saves model, weights and inputs for the script; returns the log-probabilities. */
  private double[] write(Backend backend, String name, NetworkSpec spec) throws IOException {
    Files.writeString(directory.resolve(name + ".yaml"), spec.toYaml(), StandardCharsets.UTF_8);
    float[] inputs = inputs(spec);
    SafeTensorsWriter writer = new SafeTensorsWriter(Map.of());
    writer.floats("inputs", List.of((long) BATCH, (long) spec.inputs()), () -> inputs);
    try (OutputStream out =
        Files.newOutputStream(directory.resolve(name + ".inputs.safetensors"))) {
      writer.write(out);
    }
    try (Network network = Network.create(spec, backend::parameters, 5)) {
      network.save(directory.resolve(name + ".engine.safetensors"));
      return logProbabilities(backend, network, inputs);
    }
  }

  /** [B, C, H, W]. */
  private static float[] inputs(NetworkSpec spec) {
    RandomBits bits = RandomBits.of(1, "exchange", 0);
    float[] inputs = new float[BATCH * spec.inputs()];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = (float) (2 * bits.uniform(i) - 1);
    }
    return inputs;
  }

  private static double[] logProbabilities(Backend backend, Network network, float[] inputs) {
    try (CompiledStep step =
            backend.compile(
                backend.plan(network.graph(0, false), BATCH, false, false),
                network.weights(),
                Optional.empty());
        StepInput input =
            DirectSamples.of(BATCH, PyTorchFixture.channelsLast(inputs, network.spec()))
                .input(step)) {
      step.begin(input, BATCH, CompiledStep.Mode.EVALUATION, 1, 1, -1);
      step.forward();
      step.await();
      int classes = network.spec().outputs();
      int pitch = step.records().probabilities().capacity() / step.records().loss().capacity();
      double[] result = new double[BATCH * classes];
      Arrays.setAll(
          result,
          i -> Math.log(step.records().probabilities().get(i / classes * pitch + i % classes)));
      return result;
    }
  }

  private double[] theirs(String name, String tensor) {
    try (SafeTensors tensors = SafeTensors.open(directory.resolve(name + ".results.safetensors"))) {
      return tensors.doubles(tensor);
    }
  }

  private static void compare(String what, double[] actual, double[] expected) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i])
          .as(what)
          .isCloseTo(expected[i], within(TOLERANCE * Math.max(1, Math.abs(expected[i]))));
    }
  }
}
