package io.gradsieve.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.GradsieveException;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.Settings;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.run.TrainingPreview;
import io.gradsieve.run.TrainingRun;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A table without a test part: what is held out, and what an evaluation looks at. */
class ValidationPartTest {
  private static final int ROWS = 60;

  @TempDir private Path directory;
  private final List<String> notes = new ArrayList<>();

  private Path table(String name, int rows) throws IOException {
    StringBuilder text = new StringBuilder("id,x,y,label\n");
    for (int i = 0; i < rows; i++) {
      text.append("r%d,%d,%d,c%d\n".formatted(i, i * 7 % 11, i * i % 13, i * 5 % 3));
    }
    return Files.writeString(directory.resolve(name), text);
  }

  private TrainingResult train(Path data, String run, String... more) {
    List<String> all = new ArrayList<>(List.of("data=" + data, "id=id", "epochs=2", "seed=3"));
    all.add("out=" + directory.resolve(run));
    all.addAll(List.of(more));
    TrainingConfig config = TrainingConfig.of(all.toArray(String[]::new));
    return TrainingRun.of(config, List.of(), new StopRequest(), notes::add).run();
  }

  private ModelEvaluation eval(String run, String... more) {
    List<String> all = new ArrayList<>(List.of("model=" + directory.resolve(run)));
    all.addAll(List.of(more));
    return ModelEvaluation.of(settings("eval", CommandOptions.EVAL, all), note -> {});
  }

  private static Settings settings(
      String command, List<io.gradsieve.config.Option<?>> options, List<String> sets) {
    return new SettingsReader(command, options).sets(sets).resolve();
  }

  private Set<Long> scored(Path file) {
    Set<Long> rows = new TreeSet<>();
    try (CsvTable scores = CsvTable.open(file)) {
      int column = scores.header().indexOf("index");
      while (scores.next()) {
        rows.add(Long.parseLong(scores.cell(column)));
      }
    }
    return rows;
  }

  private JsonNode metrics(String run) throws IOException {
    List<String> lines = Files.readAllLines(directory.resolve(run).resolve("metrics.jsonl"));
    return new ObjectMapper().readTree(lines.get(lines.size() - 1));
  }

  private String validationIn(String run) throws IOException {
    return Files.readAllLines(directory.resolve(run).resolve("config.yaml")).stream()
        .filter(line -> line.startsWith("validation:"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aTenthValidatesAndIsSaidAndRecordedAndTheSameBitsComeOfTheRecord() throws IOException {
    Path data = table("table.csv", ROWS);
    TrainingResult result = train(data, "run");
    assertThat(notes)
        .filteredOn(note -> note.contains("set aside"))
        .singleElement()
        .asString()
        .startsWith("6 of 60 rows are set aside to validate on")
        .contains("--validation 0 trains on all");
    assertThat(result.validation()).isPresent();
    assertThat(metrics("run").get("validation_accuracy").isNumber()).isTrue();
    assertThat(metrics("run").get("test_accuracy").isNull()).isTrue();
    assertThat(metrics("run").get("samples_seen").asInt()).isEqualTo(54);
    assertThat(validationIn("run")).startsWith("validation: 0.1 ").contains("# default of a table");

    Settings again =
        new SettingsReader("train", CommandOptions.TRAIN)
            .file(directory.resolve("run/config.yaml"))
            .resolve();
    TrainingRun.of(new TrainingConfig(again).withOut(directory.resolve("again"))).run();
    assertThat(directory.resolve("again/model.safetensors"))
        .hasSameBinaryContentAs(directory.resolve("run/model.safetensors"));
    assertThat(validationIn("again")).startsWith("validation: 0.1 ");
  }

  @Test
  void noneValidatesWhereItIsNotWantedOrThereIsATestPart() throws IOException {
    Path data = table("table.csv", ROWS);
    TrainingResult all = train(data, "all", "validation=0");
    assertThat(all.validation()).isEmpty();
    assertThat(metrics("all").get("samples_seen").asInt()).isEqualTo(ROWS);
    assertThat(notes).noneMatch(note -> note.contains("set aside"));
    TrainingRun.of(
            TrainingConfig.of("data=digits", "epochs=1", "out=" + directory.resolve("digits")),
            List.of(),
            new StopRequest(),
            notes::add)
        .run();
    assertThat(notes).noneMatch(note -> note.contains("set aside"));
    assertThat(validationIn("digits")).startsWith("validation: 0 ").endsWith("# default");
    assertThat(TrainingPreview.of(TrainingConfig.of("data=" + data, "id=id")).text())
        .contains("6 of 60 rows are set aside", "default of a table without a test part");
  }

  @Test
  void aTableOfTooFewRowsTrainsOnAllAndSaysSo() throws IOException {
    Path data = table("tiny.csv", 4);
    train(data, "tiny");
    assertThat(notes)
        .contains("no test part, and too few rows to set some aside: nothing validates");
    assertThat(validationIn("tiny")).startsWith("validation: 0 ");
    assertThatThrownBy(() -> train(data, "asked", "validation=0.1"))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("too few to set 0.1 of them aside");
    StringBuilder singles = new StringBuilder("id,x,label\n");
    IntStream.range(0, 12).forEach(i -> singles.append("r%d,%d,c%d\n".formatted(i, i, i)));
    notes.clear();
    train(Files.writeString(directory.resolve("singles.csv"), singles), "singles");
    assertThat(notes).anyMatch(note -> note.contains("too few rows"));
  }

  @Test
  void theValidationPartIsWhatTheRunDidNotTrainOn() throws IOException {
    Path data = table("table.csv", ROWS);
    TrainingResult result = train(data, "run", "validation=0.25");
    ModelEvaluation validation = eval("run", "split=validation");
    assertThat(validation.split()).isEqualTo("validation");
    assertThat(validation.samples()).isEqualTo(15);
    assertThat(validation.trainedOn()).isZero();
    assertThat(validation.part()).isEqualTo("validation");
    assertThat(validation.accuracy()).isEqualTo(result.validation().orElseThrow().accuracy());
    assertThat(validation.loss())
        .isCloseTo(
            result.validation().orElseThrow().loss(), org.assertj.core.api.Assertions.within(1e-6));
    assertThat(scored(directory.resolve("run/scores.csv"))).hasSize(45);

    assertThat(eval("run").fields().toString().replaceFirst("confusion.*", ""))
        .isEqualTo(validation.fields().toString().replaceFirst("confusion.*", ""));
    assertThat(
            ModelEvaluation.of(
                    settings(
                        "eval",
                        CommandOptions.EVAL,
                        List.of("weights=" + directory.resolve("run/model.safetensors"))),
                    note -> {})
                .samples())
        .as("weights name their run's data as its directory does")
        .isEqualTo(15);
    Path checkpoint = Path.of("run/checkpoints/epoch-0002");
    assertThat(eval(checkpoint.toString()).fields().get("samples")).isEqualTo(15);
    ModelEvaluation train = eval("run", "split=train");
    assertThat(train.samples()).isEqualTo(45);
    assertThat(train.part()).isEqualTo("train: the samples it was trained on");
    ModelEvaluation all = eval("run", "split=all");
    assertThat(all.part()).isEqualTo("all: it was trained on 45 of them");
    assertThat(all.fields()).containsEntry("trained_on", true);
  }

  @Test
  void anEvaluationOnTrainingRowsSaysThatItIsAndOnlyThen() throws IOException {
    Path data = table("table.csv", ROWS);
    train(data, "run", "validation=0");
    for (String same : List.of("", "data=" + directory.resolve("./x/../table.csv"))) {
      Files.createDirectories(directory.resolve("x"));
      ModelEvaluation own = same.isEmpty() ? eval("run") : eval("run", same);
      assertThat(own.part()).isEqualTo("all: the samples it was trained on");
      assertThat(own.fields()).containsEntry("split", "all").containsEntry("trained_on", true);
    }
    List<String> lines = Files.readAllLines(data);
    Path grown = directory.resolve("grown.csv");
    List<String> turned = new ArrayList<>(lines.subList(1, lines.size()));
    Collections.reverse(turned);
    turned.add(0, lines.get(0));
    turned.add("new,0.5,0.5,c1");
    ModelEvaluation more = eval("run", "data=" + Files.write(grown, turned));
    assertThat(more.part()).as("in any order").isEqualTo("all: it was trained on 60 of them");
    Path other = directory.resolve("other.csv");
    ModelEvaluation another = eval("run", "data=" + Files.write(other, lines.subList(0, ROWS - 9)));
    assertThat(another.part()).isEqualTo("all");
    assertThat(another.samples()).isEqualTo(ROWS - 10);
    assertThat(another.fields()).containsEntry("trained_on", false);
  }

  @Test
  void thereIsNoValidationPartWhereNoRunHeldOneOut() throws IOException {
    Path data = table("table.csv", ROWS);
    train(data, "none", "validation=0");
    assertThatThrownBy(() -> eval("none", "split=validation"))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("the run held nothing out of table");
    train(data, "run");
    Path other = table("other.csv", ROWS + 3);
    assertThatThrownBy(() -> eval("run", "split=validation", "data=" + other))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("--split validation");
    assertThat(eval("run", "data=" + other).samples()).as("never cut").isEqualTo(ROWS + 3);
    table("table.csv", ROWS + 20);
    assertThatThrownBy(() -> eval("run"))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("changed since the model was trained on it");
    assertThat(eval("run", "split=all").part()).isEqualTo("all: it was trained on 54 of them");
  }

  @Test
  void whatARunWasTrainedOnIsKnownByContentWhereverItLies() throws IOException {
    Path data = table("table.csv", ROWS);
    train(data, "run");
    Path config = directory.resolve("run/config.yaml");
    String text = Files.readString(config);
    assertThat(text).contains(data.toString());
    Files.writeString(config, text.replace(data.toString(), "table.csv"));
    assertThatThrownBy(() -> eval("run"))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("config.yaml: the data of this run, table.csv, does not exist")
        .hasMessageEndingWith("name it with --data");
    Path copy = Files.copy(data, directory.resolve("copy.csv"));
    for (Path same : List.of(data, copy)) {
      assertThat(eval("run", "data=" + same).split()).isEqualTo("validation");
      assertThat(eval("run", "data=" + same, "split=validation").samples()).isEqualTo(6);
      assertThat(eval("run", "data=" + same, "split=all").trainedOn()).isEqualTo(54);
    }
    long trained = scored(directory.resolve("run/scores.csv")).iterator().next();
    String cells = "\nr%d,".formatted(trained);
    Files.writeString(copy, Files.readString(copy).replace(cells, cells + "77"));
    ModelEvaluation other = eval("run", "data=" + copy);
    assertThat(other.part()).as("one cell differs").isEqualTo("all");
    assertThat(other.samples()).isEqualTo(ROWS);
  }

  @Test
  void dataWhoseInputsChangedSinceIsRefused() throws IOException {
    Path data = table("table.csv", ROWS);
    train(data, "run", "validation=0");
    Files.writeString(data, Files.readString(data).replace("r2,3,", "r2,4,"));
    assertThatThrownBy(() -> eval("run"))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("changed since the model was trained on it");
  }

  @Test
  void scoreLooksAtTheWholeTrainingPartAndItsTrainingsHoldNothingOut() throws IOException {
    Path data = table("table.csv", ROWS);
    train(data, "run");
    Path out = directory.resolve("out.csv");
    for (List<String> how :
        List.of(
            List.of("model=" + directory.resolve("run")),
            List.of("data=" + data, "id=id", "runs=1", "epochs=1"),
            List.of("data=" + data, "id=id", "folds=3", "epochs=1"))) {
      List<String> all = new ArrayList<>(how);
      all.add("out=" + out);
      SampleScores.write(
          settings("score", CommandOptions.SCORE_COMMAND, all),
          List.of(),
          new StopRequest(),
          line -> {},
          notes::add);
      assertThat(scored(out)).as("%s", how).hasSize(ROWS);
    }
  }
}
