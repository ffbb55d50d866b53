package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Output;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.HeapParameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateFileTest {
  @TempDir Path directory;

  private static Network network(String model, int classes, long seed) {
    return Network.create(Models.of(model, 3, 12, 9, classes), HeapParameters::of, seed);
  }

  @Test
  void whatWasSavedIsLoadedForEveryModel() throws IOException {
    for (String model : Models.NAMES) {
      Path file = directory.resolve(model + ".safetensors");
      Path again = directory.resolve(model + "-again.safetensors");
      try (Network a = network(model, 4, 1);
          Network b = network(model, 4, 2)) {
        a.parameters().countBatches(17);
        a.save(file);
        b.load(file);
        b.save(again);
        assertThat(Files.mismatch(file, again)).as(model).isEqualTo(-1);
        assertThat(floats(b)).as(model).isEqualTo(floats(a));
      }
    }
  }

  private static float[] floats(Network network) {
    return FlatParameters.read(network.weights());
  }

  @Test
  void weightsOfAnotherNetworkAreRefusedByNameAndNothingChanges() {
    Path file = directory.resolve("w.safetensors");
    try (Network cnn = network("cnn", 4, 1);
        Network other = network("cnn", 5, 2);
        Network mlp = network("mlp", 4, 2)) {
      cnn.save(file);
      float[] before = floats(other);
      assertThatThrownBy(() -> other.load(file))
          .isInstanceOf(BadData.class)
          .hasMessage(
              file
                  + ": does not fit the model: different: 9.weight is F32 [4, 128], must be F32 [5,"
                  + " 128], 9.bias is F32 [4], must be F32 [5]; give the --model these weights were"
                  + " made for");
      assertThat(floats(other)).isEqualTo(before);
      assertThatThrownBy(() -> mlp.load(file))
          .isInstanceOf(BadData.class)
          .hasMessageContaining("missing: 1.weight, 1.bias, 5.weight, 5.bias;")
          .hasMessageContaining(
              "unexpected: 0.bias, 0.weight, 7.bias, 7.weight, 9.bias and 1 more");
    }
  }

  @Test
  void weightsThatAreNotFiniteAreRefusedByName() {
    Path file = directory.resolve("w.safetensors");
    try (Network network = network("mlp", 4, 1);
        Network other = network("mlp", 4, 2)) {
      float[] values = network.parameters().read(1);
      values[3] = Float.NaN;
      network.parameters().write(1, values);
      network.save(file);
      assertThatThrownBy(() -> other.load(file))
          .isInstanceOf(BadData.class)
          .hasMessageStartingWith(file + ": 1.bias holds NaN at element 3;");
    }
  }

  @Test
  void theWeightsOfEveryBuiltInModelTellItsClasses() {
    for (String model : Models.NAMES) {
      Path file = directory.resolve(model + ".safetensors");
      try (Network network = network(model, 7, 1)) {
        network.save(file);
      }
      assertThat(Models.classes(file)).as(model).isEqualTo(7);
    }
  }

  @Test
  void aMissingDirectoryIsAnOutputError() {
    try (Network network = network("mlp", 4, 1)) {
      assertThatThrownBy(() -> network.save(directory.resolve("nowhere").resolve("w.safetensors")))
          .isInstanceOf(Output.class)
          .hasMessageContaining("cannot be written");
    }
  }
}
