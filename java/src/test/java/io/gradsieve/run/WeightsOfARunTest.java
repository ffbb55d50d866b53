package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.config.ModelRules;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.reader.Samples;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.train.PreparedTraining;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train --weights RUN}: the run's columns and classes keep their meaning. */
class WeightsOfARunTest {
  private static final String TABLE =
      "a,b,color,kind\n1,10,red,x\n2,30,blue,y\n3,20,red,z\n4,50,blue,y\n";

  @TempDir Path directory;
  private Path run;

  @BeforeEach
  void trainOnATable() throws IOException {
    run = trained("run", "data=" + table("t.csv", TABLE));
  }

  private Path table(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  private Path trained(String out, String... options) {
    Path path = directory.resolve(out);
    List<String> all = new ArrayList<>(List.of(options));
    all.addAll(List.of("epochs=1", "threads=1", "out=" + path));
    TrainingRun.of(TrainingConfig.of(all.toArray(String[]::new))).run();
    return path;
  }

  private PreparedTraining prepared(Path weights, String table, String... options)
      throws IOException {
    List<String> all = new ArrayList<>(List.of(options));
    all.add("data=" + table("new.csv", table));
    all.add("weights=" + weights);
    return Preparation.of(TrainingConfig.of(all.toArray(String[]::new)));
  }

  private AbstractThrowableAssert<?, ?> refused(
      Class<? extends GradsieveException> kind, String table, String... options) {
    return assertThatThrownBy(() -> prepared(run, table, options)).isInstanceOf(kind);
  }

  private static byte[] inputs(Dataset data, int sample) {
    byte[] bytes = new byte[data.sampleBytes()];
    data.copy(sample, ByteBuffer.wrap(bytes), 0);
    return bytes;
  }

  private NetworkSpec model(Path of) {
    return NetworkSpec.read(of.resolve(RunDirectory.MODEL));
  }

  @Test
  void columnsInAnotherOrderAreTheSameInputs() throws IOException {
    Dataset before =
        Preparation.of(TrainingConfig.of("data=" + directory.resolve("t.csv"))).data().dataset();
    PreparedTraining prepared =
        prepared(run, "kind,color,b,a\nz,red,20,3\ny,blue,9000,2\n", "label=kind", "validation=0");
    Dataset data = prepared.data().dataset();
    assertThat(inputs(data, 0)).isEqualTo(inputs(before, 2));
    assertThat(data.classes()).containsExactly("x", "y", "z"); // though there is no x
    assertThat(data.label(0)).isEqualTo(2);
    assertThat(prepared.spec()).isEqualTo(model(run));
    assertThat(Preparation.remarks(prepared)).isEmpty();
  }

  @Test
  void whatTheRunDoesNotKnowIsRefusedByName() {
    refused(BadData.class, "a,b,color,kind\n1,2,red,x\n3,4,red,w\n").hasMessageContaining("'w'");
    refused(BadData.class, "a,b,color,kind\n1,2,red,x\n3,4,pink,y\n")
        .hasMessageContaining("'pink'");
    refused(BadData.class, "a,color,kind\n1,red,x\n3,red,y\n").hasMessageContaining("'b'");
    refused(BadData.class, "a,b,c,color,kind\n1,2,3,red,x\n3,4,5,red,y\n")
        .hasMessageContaining("column 'c'")
        .hasMessageContaining("--ignore");
    refused(Usage.class, "a,b,color,kind\n1,2,red,x\n3,4,red,y\n", "ignore=b")
        .hasMessageContaining("'b' is an input of the model");
  }

  @Test
  void aColumnMoreCanBeIgnored() throws IOException {
    String more = "a,b,c,color,kind\n1,2,3,red,x\n3,4,5,red,y\n";
    assertThat(prepared(run, more, "ignore=c").spec().columns()).isEqualTo(model(run).columns());
  }

  @Test
  void aCheckpointKnowsTheRulesToo() throws IOException {
    Path checkpoint = run.resolve("checkpoints/epoch-0001");
    for (Path weights : List.of(checkpoint, run.resolve(RunDirectory.WEIGHTS))) {
      assertThat(prepared(weights, "color,b,a,kind\nred,2,1,x\nred,4,3,y\n").spec())
          .isEqualTo(model(run));
    }
  }

  @Test
  void bareWeightsAreTakenByPositionWithAWarning() throws IOException {
    Path bare = directory.resolve("bare.safetensors");
    Files.copy(run.resolve(RunDirectory.WEIGHTS), bare);
    PreparedTraining prepared = prepared(bare, TABLE);
    assertThat(Preparation.remarks(prepared))
        .anyMatch(
            remark ->
                remark.startsWith("warning: " + bare + ": no model.yaml beside it")
                    && remark.contains("columns and classes")
                    && remark.endsWith("taken by position"));
  }

  @Test
  void aModelFileWithOtherRulesThanTheWeightsContradictsThem() throws IOException {
    Path other = trained("other", "data=" + table("o.csv", TABLE.replace("a,b,", "b,a,")));
    Path yaml = other.resolve(RunDirectory.MODEL);
    refused(BadData.class, TABLE, "model=" + yaml)
        .hasMessageContaining(yaml + ": its columns are not those of ")
        .hasMessageContaining(run.resolve(RunDirectory.MODEL).toString());
    String architecture = "input: [4]\nlayers:\n  - linear: {features: 3}\n";
    Path bare = table("bare.yaml", architecture);
    Path small = trained("small", "model=" + bare, "data=" + directory.resolve("t.csv"));
    assertThat(prepared(small, TABLE, "model=" + bare).spec()).isEqualTo(model(small));
    // nor do other commands read data otherwise than the weights were trained by
    assertThat(
            ModelSource.trained(Optional.of(bare.toString()), Optional.of(small.toString()))
                .rules())
        .contains(ModelRules.schema(model(small)));
  }

  @Test
  void classesOfImagesAreMappedByNameAndPixelsStandardisedAsBefore() throws IOException {
    Path images = trained("images", "data=" + images("i.zip", 0, "cat", "dog", "eel"), "model=mlp");
    PreparedTraining prepared =
        Preparation.of(
            TrainingConfig.of("data=" + images("j.zip", 90, "dog", "eel"), "weights=" + images));
    assertThat(prepared.spec()).isEqualTo(model(images));
    assertThat(prepared.data().dataset().label(0)).isEqualTo(1);
    Path more = images("k.zip", 0, "cat", "ant", "dog");
    assertThatThrownBy(() -> Preparation.of(TrainingConfig.of("data=" + more, "weights=" + images)))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("'ant' is no class of the model");
  }

  private Path images(String name, int key, String... classes) throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (int i = 0; i < 6; i++) {
      files.put(
          "train/%s/%d.png".formatted(classes[i % classes.length], i),
          Samples.image("png", 4, 4, key + 5 * i, false));
    }
    return Samples.write(directory.resolve(name), Samples.zip(files));
  }
}
