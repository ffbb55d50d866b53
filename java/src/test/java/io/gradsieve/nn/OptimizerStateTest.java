package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.graph.HeapParameters;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OptimizerStateTest {
  @TempDir private Path directory;

  private static ParameterValues state(Network network) {
    return HeapParameters.trainable(network.weights());
  }

  private Path saved(Map<String, ParameterValues> states) throws IOException {
    Path file = directory.resolve("optimizer.safetensors");
    try (OutputStream out = Files.newOutputStream(file)) {
      OptimizerState.save(out, states);
    }
    return file;
  }

  @Test
  void everyElementComesBackAndAnotherOptimizersOrNetworksFileIsRefused() throws IOException {
    try (Network network = Network.create(Models.of("mlp", 1, 3, 5, 4), HeapParameters::of, 1);
        Network other = Network.create(Models.of("mlp", 1, 3, 5, 2), HeapParameters::of, 1);
        ParameterValues momentum = state(network);
        ParameterValues restored = state(network);
        ParameterValues others = state(other)) {
      for (int p = 0; p < momentum.parameters().size(); p++) {
        Parameter parameter = momentum.parameters().get(p);
        float[] elements = new float[Math.toIntExact(parameter.elements())];
        for (int i = 0; i < elements.length; i++) {
          elements[i] = parameter.name().hashCode() % 1000 + i;
        }
        momentum.write(p, elements);
      }
      Path file = saved(Map.of("momentum_buffer", momentum));
      OptimizerState.load(file, Map.of("momentum_buffer", restored));
      for (int p = 0; p < momentum.parameters().size(); p++) {
        assertThat(restored.read(p)).isEqualTo(momentum.read(p));
      }
      assertThatThrownBy(() -> OptimizerState.load(file, Map.of("exp_avg", restored)))
          .isInstanceOf(BadData.class)
          .hasMessageContaining("missing: 1.weight.exp_avg")
          .hasMessageContaining("unexpected: 1.bias.momentum_buffer")
          .hasMessageContaining("--overwrite");
      assertThatThrownBy(() -> OptimizerState.load(file, Map.of("momentum_buffer", others)))
          .isInstanceOf(BadData.class)
          .hasMessageContaining("different: 5.weight.momentum_buffer is F32 [4, 256]");
    }
  }
}
