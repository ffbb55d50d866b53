package io.gradsieve.landscape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.RandomBits;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.Parameter;
import io.gradsieve.nn.Network;
import io.gradsieve.nn.NetworkSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectionsTest {
  private static final String MODEL =
      """
      input: [2, 6, 6]
      layers:
        - conv2d: {channels: 5, kernel: 3, padding: 1}
        - batchnorm
        - relu
        - flatten
        - linear: {features: 3}
      """;

  @TempDir private Path directory;

  @Test
  void everyFilterHasTheNormOfTheWeightsAndVectorsStayWhereTheyAre() throws IOException {
    NetworkSpec spec = NetworkSpec.read(Files.writeString(directory.resolve("m.yaml"), MODEL));
    try (Backend backend = Backends.open(DeviceName.CPU, 1);
        Network network = Network.create(spec, backend::parameters, 3)) {
      List<Parameter> trainable =
          network.parameters().list().stream().filter(Parameter::trainable).toList();
      int[] offsets = FlatParameters.offsets(trainable);
      float[] weights =
          Arrays.copyOf(FlatParameters.read(network.weights()), FlatParameters.count(trainable));
      float[] direction =
          Directions.filterNormalised(trainable, weights, RandomBits.of(1, "directions", 0));
      int elements = 0;
      for (int p = 0; p < offsets.length; p++) {
        Parameter parameter = trainable.get(p);
        int end = offsets[p] + (int) parameter.elements();
        float[] along = Arrays.copyOfRange(direction, offsets[p], end);
        if (parameter.shape().size() == 1) {
          assertThat(along).as(parameter.name()).containsOnly(0);
          continue;
        }
        elements += along.length;
        int filters = parameter.shape().get(0);
        for (int f = 0; f < filters; f++) {
          // Each element is rounded to a float: 6e-8 of it.
          double expected = norm(network.parameters().read(p), f, filters);
          assertThat(norm(along, f, filters))
              .as("%s, filter %d", parameter.name(), f)
              .isCloseTo(expected, within(1e-6 * expected));
        }
      }
      assertThat(nonZero(direction)).isEqualTo(elements);
    }
  }

  private static double norm(float[] elements, int filter, int filters) {
    int size = elements.length / filters;
    return Vectors.norm(Arrays.copyOfRange(elements, filter * size, (filter + 1) * size));
  }

  private static int nonZero(float[] values) {
    int count = 0;
    for (float value : values) {
      count += value == 0 ? 0 : 1;
    }
    return count;
  }
}
