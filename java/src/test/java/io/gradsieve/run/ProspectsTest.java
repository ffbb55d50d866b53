package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.reader.Samples;
import io.gradsieve.train.StopRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trainings that can't learn are refused, or say so. */
class ProspectsTest {
  @TempDir private Path directory;

  /** What a run tells; 40 rows of two classes that the first column tells apart. */
  private List<String> notes(String... more) throws IOException {
    StringBuilder text = new StringBuilder("x,y,w,label\n");
    for (int i = 0; i < 40; i++) {
      text.append("%d,%d,%s,%s\n".formatted(i % 2 * 5 + i % 3, i % 7, i == 3 ? "1e9" : "1", i % 2));
    }
    Path data = Files.writeString(directory.resolve("table.csv"), text);
    List<String> all = new ArrayList<>(List.of("data=" + data, "validation=0", "epochs=6"));
    all.addAll(List.of(more));
    List<String> notes = new ArrayList<>();
    TrainingRun.of(
            TrainingConfig.of(all.toArray(String[]::new)), List.of(), new StopRequest(), notes::add)
        .run();
    return notes;
  }

  private List<String> warnings(String... more) throws IOException {
    return notes(more).stream().filter(line -> line.startsWith("warning: ")).toList();
  }

  private Path model(String... layers) throws IOException {
    String text =
        "input: [3]\nlayers:\n  - linear: {features: 8}\n  - " + String.join("\n  - ", layers);
    return Files.writeString(
        directory.resolve("model.yaml"), text + "\n  - relu\n  - linear: {features: 2}\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "batch-size=1 sieve=none",
        "batch-size=2 sieve=variance:keep=0.5",
        "batch-size=39 sieve=none:steps=fewer",
        "micro-batch=1",
        "micro-batch=2 batch-size=5 sieve=none"
      })
  void batchNormOfSingleValuesIsRefused(String options) throws IOException {
    List<String> all = new ArrayList<>(List.of(options.split(" ")));
    all.add("model=" + model("batchnorm"));
    assertThatThrownBy(() -> notes(all.toArray(String[]::new)))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining(options.contains("micro") ? "--micro-batch" : "--batch-size")
        .hasMessageContaining("batch norm (layer 1)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "batch-size=2 sieve=none",
        "batch-size=39 sieve=none",
        "batch-size=4 sieve=batch:keep=0.25",
        "micro-batch=2 batch-size=4 sieve=none"
      })
  void batchNormOfTwoIsNot(String options) throws IOException {
    List<String> all = new ArrayList<>(List.of(options.split(" ")));
    all.add("model=" + model("batchnorm"));
    assertThat(warnings(all.toArray(String[]::new))).isEmpty();
  }

  @Test
  void batchNormOfOneImageIsToldOf() {
    List<String> notes = new ArrayList<>();
    TrainingConfig config =
        TrainingConfig.of("data=digits", "model=resnet20", "micro-batch=1", "epochs=1");
    StopRequest stop = new StopRequest();
    stop.stop(15);
    TrainingRun.of(config, List.of(), stop, notes::add).run();
    assertThat(notes).filteredOn(note -> note.startsWith("warning: --micro-batch 1: ")).hasSize(1);
  }

  @Test
  void oneSampleAStepIsFineWithoutBatchNorm() throws IOException {
    assertThat(warnings("batch-size=1", "model=" + model("layernorm"))).isEmpty();
  }

  @Test
  void normsOfSingleValuesAreNoModel() throws IOException {
    Path groups = model("groupnorm: {groups: 8}");
    assertThatThrownBy(() -> notes("model=" + groups))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("layer 1 (groupnorm): each of the 8 groups would be a single value");
    Path layers = model("relu", "linear: {features: 1}", "layernorm");
    assertThatThrownBy(() -> notes("model=" + layers))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("layer 3 (layernorm)");
  }

  @ParameterizedTest
  @ValueSource(floats = {7, 0})
  void inputsThatAreAllTheSameAreRefused(float value) throws IOException {
    byte[] x = Samples.npy(new float[] {value, value, value, value, value, value}, 3, 2);
    byte[] arrays = Samples.zip(Map.of("x.npy", x, "y.npy", Samples.npy(new long[] {0, 1, 0}, 3)));
    Path data = Samples.write(directory.resolve("same.npz"), arrays);
    assertThatThrownBy(() -> TrainingRun.of(TrainingConfig.of("data=" + data)).run())
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("training samples have the same inputs");
  }

  @Test
  void aWeightThatLeavesOneSampleIsToldOf() throws IOException {
    assertThat(notes("weight=w"))
        .anyMatch(note -> note.startsWith("warning: --weight: one training sample has nearly all"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"lr=1e-30", "clip-norm=1e-30", "warmup=0.999999 lr=1e-9"})
  void aRunThatLearnedNothingSaysSo(String options) throws IOException {
    assertThat(warnings(options.split(" ")))
        .singleElement()
        .asString()
        .startsWith("warning: the training loss of the last epoch, 0.")
        .contains("is not below the 0.6931 that the classes' frequencies alone give");
  }

  @Test
  void aRunThatLearnsSaysNothing() throws IOException {
    assertThat(warnings()).isEmpty();
    assertThat(warnings("label-smoothing=0.1", "class-weights=balanced")).isEmpty();
  }
}
