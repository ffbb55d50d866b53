package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.format.yaml.YamlNode;
import io.gradsieve.graph.HeapParameters;
import io.gradsieve.graph.Parameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelsTest {
  /** Counted by PyTorch on the same modules. */
  @ParameterizedTest
  @CsvSource({
    "mlp, 1, 28, 535818",
    "cnn, 1, 28, 421642",
    "resnet20, 3, 32, 272474",
    "resnet20-gn, 3, 32, 272474",
    "resnet18, 3, 32, 11173962",
    "resnet18, 3, 224, 11181642"
  })
  void aModelHasAsManyParametersAsInPyTorch(String name, int channels, int side, long parameters) {
    assertThat(Models.of(name, channels, side, side, 10).trainableElements()).isEqualTo(parameters);
  }

  @Test
  void everyModelIsAModelFileToo() {
    for (String name : Models.NAMES) {
      NetworkSpec spec = Models.of(name, 3, 24, 20, 7);
      String yaml = spec.toYaml();
      assertThat(SpecReader.read(YamlNode.parse(name, yaml), name)).isEqualTo(spec);
      assertThat(yaml).isEqualTo(Models.of(name, 3, 24, 20, 7).toYaml());
    }
  }

  @Test
  void mlpTakesFeatures() {
    assertThat(Models.of("mlp", 13, 1, 1, 3).input()).containsExactly(13);
  }

  @Test
  void anUnknownModelIsWrongUsageWithTheNearestName() {
    assertThatThrownBy(() -> Models.of("resnet21", 3, 32, 32, 10))
        .isInstanceOf(Usage.class)
        .hasMessageContaining("resnet20");
  }

  @Test
  void aConvolutionalModelOfFeaturesIsRefused() {
    assertThatThrownBy(() -> Models.of("cnn", 13, 1, 1, 3))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("--model mlp");
  }

  @Test
  void imagesTooSmallForAModelAreRefusedByTheLayer() {
    assertThatThrownBy(() -> Models.of("cnn", 1, 3, 3, 3))
        .isInstanceOf(BadData.class)
        .hasMessageStartingWith(
            "cnn: layer 5 (maxpool2d): kernel 2x2 is larger than its input 64x1x1");
  }

  @Test
  void theArenasAreThoseOfTheDocument() throws IOException {
    String document = Files.readString(Path.of("..", "docs", "models.md"));
    for (int batch : new int[] {128, 512, 2048}) {
      StringBuilder row = new StringBuilder("| " + batch + " |");
      for (String model : Models.NAMES) {
        row.append(String.format(Locale.ROOT, " %.1f |", arenaBytes(model, batch, true) / 1e6));
        assertThat(arenaBytes(model, batch, false)).isLessThan(arenaBytes(model, batch, true));
      }
      assertThat(document).contains(row);
    }
  }

  private static long arenaBytes(String model, int batch, boolean backward) {
    try (Backend backend = Backends.open(DeviceName.CPU, 1);
        Network network = Network.create(Models.of(model, 1, 28, 28, 10), HeapParameters::of, 1)) {
      return backend.plan(network.graph(0, true), batch, backward, true).arenaFloats()
          * Float.BYTES;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mlp", "cnn", "resnet20", "resnet20-gn"})
  void theSameSeedGivesTheSameWeights(String name) {
    try (Network a = Network.create(Models.of(name, 1, 8, 8, 4), HeapParameters::of, 3);
        Network b = Network.create(Models.of(name, 1, 8, 8, 4), HeapParameters::of, 3);
        Network c = Network.create(Models.of(name, 1, 8, 8, 4), HeapParameters::of, 4)) {
      assertThat(a.parameters().read(0)).isEqualTo(b.parameters().read(0));
      assertThat(a.parameters().read(0)).isNotEqualTo(c.parameters().read(0));
    }
  }

  @Test
  void initialWeightsFillTheRangeThatPyTorchUses() {
    try (Network network = Network.create(Models.of("cnn", 1, 28, 28, 10), HeapParameters::of, 1)) {
      double bound = 1 / Math.sqrt(32 * 3 * 3);
      double largest = 0;
      double sum = 0;
      int weight =
          network.parameters().list().stream().map(Parameter::name).toList().indexOf("3.weight");
      float[] values = network.parameters().read(weight);
      for (float value : values) {
        largest = Math.max(largest, Math.abs(value));
        sum += value;
      }
      assertThat(largest).isBetween(0.99 * bound, bound * (1 + 1e-6));
      // The mean of n uniform draws deviates by bound/√(3n); four of those are rare.
      assertThat(Math.abs(sum / values.length))
          .isLessThan(4 * bound / Math.sqrt(3.0 * values.length));
    }
  }
}
