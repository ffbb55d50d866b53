package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.ModelRules;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.Schema;
import io.gradsieve.nn.NetworkSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelSourceTest {
  @TempDir Path directory;

  private Path run() {
    Path out = directory.resolve("run");
    TrainingRun.of(TrainingConfig.of("epochs=1", "threads=1", "out=" + out)).run();
    return out;
  }

  @Test
  void aBuiltInNameWithTheWeightsOfARunHasTheRulesOfThatRun() {
    Path run = run();
    NetworkSpec spec = NetworkSpec.read(run.resolve(RunDirectory.MODEL));
    for (Path weights : new Path[] {run, run.resolve(RunDirectory.WEIGHTS)}) {
      ModelSource source = ModelSource.trained(Optional.of("mlp"), Optional.of(weights.toString()));
      assertThat(source.rules()).contains(ModelRules.schema(spec));
      assertThat(source.run().isPresent()).isEqualTo(weights.equals(run));
    }
    assertThat(ModelSource.of(Optional.of("mlp"), Optional.of(run.toString())).spec()).isEmpty();
  }

  @Test
  void aBuiltInNameThatIsNotTheRunsNetworkIsLeftForTheWeightsToRefuse() {
    ModelSource source = ModelSource.trained(Optional.of("cnn"), Optional.of(run().toString()));
    assertThat(source.spec()).isEmpty();
  }

  @Test
  void bareWeightsOfABuiltInModelTellItsClasses() throws IOException {
    Path bare = directory.resolve("bare.safetensors");
    Files.copy(run().resolve(RunDirectory.WEIGHTS), bare);
    ModelSource source = ModelSource.trained(Optional.of("mlp"), Optional.of(bare.toString()));
    assertThat(source.rules()).contains(Schema.plain(10));
  }

  @Test
  void weightsAreNoModelAndTheMessageSaysWhereTheyBelong() {
    String weights = run().resolve(RunDirectory.WEIGHTS).toString();
    assertThatThrownBy(() -> ModelSource.of(Optional.of(weights), Optional.empty()))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("--model " + weights + ": holds weights and no network")
        .hasMessageContaining("--weights");
  }

  @Test
  void aCheckpointWithAFlippedBitIsRefused() throws IOException {
    Path checkpoint = run().resolve("checkpoints/epoch-0001");
    Path weights = checkpoint.resolve(Checkpoints.WEIGHTS);
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length / 2] ^= 1;
    Files.write(weights, bytes);
    assertThatThrownBy(() -> ModelSource.of(Optional.of(checkpoint.toString()), Optional.empty()))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining(weights.toString());
  }

  @Test
  void aModelThatDoesNotFitTheDataIsNamedByItsFile() throws IOException {
    Path yaml = directory.resolve("m.yaml");
    for (String[] layers :
        new String[][] {
          {
            "input: [1, 8, 8]",
            "features: 2",
            "its last layer gives 2 outputs, the data 'digits' has 10"
          },
          {
            "input: [1, 7, 8]",
            "features: 10",
            "takes [1, 7, 8], the samples of the data 'digits' are"
          }
        }) {
      Files.writeString(
          yaml, layers[0] + "\nlayers:\n  - flatten\n  - linear: {" + layers[1] + "}\n");
      assertThatThrownBy(
              () ->
                  TrainingRun.of(
                          TrainingConfig.of("model=" + yaml, "out=" + directory.resolve("r")))
                      .run())
          .isInstanceOf(GradsieveException.BadData.class)
          .hasMessageContaining(yaml + ": " + layers[2]);
    }
  }
}
