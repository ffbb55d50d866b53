package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.DeviceBuffer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OptimizerStateTest {
  @TempDir private Path directory;

  private static DeviceBuffer buffer(Backend backend, Network network) {
    long floats = network.parameters().layout().trainable();
    return backend.allocate(floats * Float.BYTES, "optimizer");
  }

  private Path saved(Network network, Map<String, DeviceBuffer> states) throws IOException {
    Path file = directory.resolve("optimizer.safetensors");
    try (OutputStream out = Files.newOutputStream(file)) {
      OptimizerState.save(out, network.parameters(), states);
    }
    return file;
  }

  @Test
  void everyElementComesBackAndAnotherOptimizersOrNetworksFileIsRefused() throws IOException {
    try (Backend backend = new HeapBackend();
        Network network = Network.create(Models.of("mlp", 1, 3, 5, 4), backend, 1);
        Network other = Network.create(Models.of("mlp", 1, 3, 5, 2), backend, 1);
        DeviceBuffer momentum = buffer(backend, network);
        DeviceBuffer restored = buffer(backend, network);
        DeviceBuffer others = buffer(backend, other)) {
      for (Parameter parameter : network.parameters().layout().parameters()) {
        float[] elements = new float[Math.toIntExact(parameter.elements())];
        for (int i = 0; i < elements.length; i++) {
          elements[i] = parameter.name().hashCode() % 1000 + i;
        }
        parameter.write(momentum, elements);
      }
      Path file = saved(network, Map.of("momentum_buffer", momentum));
      OptimizerState.load(file, network.parameters(), Map.of("momentum_buffer", restored));
      for (Parameter parameter : network.parameters().layout().parameters()) {
        assertThat(parameter.read(restored)).isEqualTo(parameter.read(momentum));
      }
      assertThatThrownBy(
              () -> OptimizerState.load(file, network.parameters(), Map.of("exp_avg", restored)))
          .isInstanceOf(BadData.class)
          .hasMessageContaining("missing: 1.weight.exp_avg")
          .hasMessageContaining("unexpected: 1.bias.momentum_buffer")
          .hasMessageContaining("--overwrite");
      assertThatThrownBy(
              () ->
                  OptimizerState.load(file, other.parameters(), Map.of("momentum_buffer", others)))
          .isInstanceOf(BadData.class)
          .hasMessageContaining("different: 5.weight.momentum_buffer is F32 [4, 256]");
    }
  }
}
