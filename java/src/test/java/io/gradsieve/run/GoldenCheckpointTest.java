package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.format.safetensors.SafeTensors;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.train.Position;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run that was stopped inside an epoch and committed: its checkpoint stays readable. When the
 * format changes on purpose, its version is raised, and the run made anew: what {@link #stopped}
 * leaves becomes {@value #RUN}, and what is expected of it changes with it.
 */
class GoldenCheckpointTest {
  private static final String GOLDEN = "src/test/resources/io/gradsieve/train/golden/";
  private static final String RUN = GOLDEN + "run";
  private static final String CHECKPOINT = "checkpoints/epoch-0003-step-000003";

  @TempDir private Path directory;

  /** AdamW keeps two states, batch norm running statistics, the filtered epoch weights. */
  private static void stopped(Path out) {
    TrainingConfig config =
        TrainingConfig.of(
            "data=" + GOLDEN + "table.csv",
            "model=" + GOLDEN + "model.yaml",
            "id=id",
            "validation=0",
            "optimizer=adamw",
            "lr=0.01",
            "batch-size=8",
            "epochs=4",
            "threads=1",
            "keep-checkpoints=1",
            "sieve=variance:keep=0.6",
            "out=" + out);
    Runs.stopped(config, 12);
  }

  private static Map<String, Path> files(Path run) throws IOException {
    Map<String, Path> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(run)) {
      all.filter(Files::isRegularFile).forEach(f -> files.put(run.relativize(f).toString(), f));
    }
    return files;
  }

  @Test
  void itGoesOnWhereItStood() throws IOException {
    Path run = directory.resolve("run");
    for (Map.Entry<String, Path> file : files(Path.of(RUN)).entrySet()) {
      Path copy = run.resolve(file.getKey());
      Files.createDirectories(copy.getParent());
      Files.copy(file.getValue(), copy);
    }
    TrainingConfig config = ResumedSettings.of(TrainingConfig.of("out=" + run, "resume=true"));
    List<String> notes = new ArrayList<>();
    try (TrainingSession session = TrainingSession.open(Preparation.of(config), new StopRequest());
        RunFiles files = RunFiles.open(run, session, notes::add)) {
      Position stood = files.position();
      assertThat(stood)
          .extracting(Position::epoch, Position::step, Position::done, Position::updates)
          .containsExactly(3, 3, 14, 13L);
      assertThat(stood.plan().steps()).isEqualTo(5);
      assertThat(stood.growth().batchSize()).isEqualTo(8);
      compare(session, Path.of(RUN).resolve(CHECKPOINT));
    }
    assertThat(notes).anyMatch(note -> note.contains("goes on from epoch-0003-step-000003"));
    TrainingRun.of(config).run();
    assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(4);
  }

  /** Weights and optimizer state, bit for bit, by parameter. */
  private static void compare(TrainingSession session, Path checkpoint) {
    Map<String, ParameterValues> optimizer = session.step().optimizerState();
    assertThat(optimizer.keySet()).containsExactly("exp_avg", "exp_avg_sq");
    try (SafeTensors weights = SafeTensors.open(checkpoint.resolve("weights.safetensors"));
        SafeTensors states = SafeTensors.open(checkpoint.resolve("optimizer.safetensors"))) {
      List<Parameter> parameters = session.network().parameters().list();
      for (int p = 0; p < parameters.size(); p++) {
        int index = p;
        Parameter parameter = parameters.get(p);
        String name = parameter.name();
        assertThat(session.network().parameters().read(p)).isEqualTo(weights.floats(name));
        if (parameter.trainable()) {
          optimizer.forEach(
              (kept, values) ->
                  assertThat(values.read(index))
                      .isEqualTo(states.floats(name + "." + kept))
                      .isNotEqualTo(new float[(int) parameter.elements()]));
        }
      }
    }
  }

  @Test
  void aRunOfTodayWritesTheSameFiles() throws IOException {
    Path run = directory.resolve("run");
    stopped(run);
    assertThat(files(run).keySet()).isEqualTo(files(Path.of(RUN)).keySet());
    for (String name : List.of("progress.bin", "scores.bin", "optimizer.safetensors")) {
      assertThat(run.resolve(CHECKPOINT).resolve(name))
          .hasSize(Files.size(Path.of(RUN, CHECKPOINT, name)));
    }
  }
}
