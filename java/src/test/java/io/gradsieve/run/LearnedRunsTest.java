package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.config.ModelRules;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.filter.FilterTraining;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.train.EpochFigures;
import io.gradsieve.train.Position;
import io.gradsieve.train.PreparedTraining;
import io.gradsieve.train.RankTeacher;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.Trainer;
import io.gradsieve.train.TrainingData;
import io.gradsieve.train.TrainingResult;
import io.gradsieve.train.TrainingSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs that learn a filter. */
class LearnedRunsTest {
  @TempDir Path directory;

  private Runs runs;

  @BeforeEach
  void open() {
    runs = new Runs(directory);
  }

  private List<Integer> kept(String run) throws IOException {
    return runs.metrics(run).stream().map(epoch -> epoch.get("samples_kept").asInt()).toList();
  }

  @Test
  void theFirstEpochIsFullAndTheFilterChoosesFromThenOn() throws IOException {
    TrainingResult result = TrainingRun.of(runs.config("run", "sieve=learned:sample=0.3")).run();
    // ⌈0.6 · 1438⌉.
    assertThat(kept("run")).containsExactly(1438, 863, 863);
    assertThat(result.filterCorrelation()).isPresent();
    assertThat(Files.readString(runs.path("run").resolve("manifest.json")))
        .contains("\"filter.safetensors\"")
        .doesNotContain("filter.safetensors.part");
    JsonNode last = runs.metrics("run").get(2);
    assertThat(last.get("forward_only").asInt()).isZero();
    assertThat(last.get("noise_scale").isNull()).isTrue();
    List<String> scores = runs.lines("run", "scores.csv");
    int keptColumn = List.of(scores.get(0).split(",")).indexOf("kept");
    assertThat(scores.stream().filter(line -> line.split(",", -1)[keptColumn].equals("1")))
        .hasSize(863);
  }

  @Test
  void withoutAnEpochBeforeTheFirstTrainsOnTheSampleAlone() throws IOException {
    TrainingRun.of(runs.config("run", "sieve=learned:sample=0.3,from=1,keep=0.5")).run();
    assertThat(kept("run")).containsExactly(432, 719, 719);
  }

  @Test
  void theSameRunElsewhereLearnsTheSameFilter() throws IOException {
    TrainingRun.of(runs.config("a", "sieve=learned")).run();
    TrainingRun.of(runs.config("b", "sieve=learned", "keep-checkpoints=1")).run();
    assertThat(runs.filter("a")).isNotEmpty().isEqualTo(runs.filter("b"));
    assertThat(runs.weights("a")).isEqualTo(runs.weights("b"));
  }

  @Test
  void anotherRunInItsPlaceLeavesNoFilter() throws IOException {
    TrainingRun.of(runs.config("run", "sieve=learned")).run();
    TrainingResult result =
        TrainingRun.of(runs.config("run", "sieve=hard", "overwrite=true")).run();
    assertThat(runs.filter("run")).isEmpty();
    assertThat(result.filterCorrelation()).isEmpty();
  }

  /** Stops in the first epoch of a filter's learning. */
  private static final class StopWhileLearning extends StopRequest {
    private int looks;

    @Override
    public boolean asked() {
      String learning = FilterTraining.class.getName();
      boolean learns =
          StackWalker.getInstance()
              .walk(frames -> frames.anyMatch(frame -> frame.getClassName().equals(learning)));
      if (learns && ++looks == 10) {
        stop(15);
      }
      return super.asked();
    }
  }

  @Test
  void aStopWhileTheFilterLearnsIsMadeUpFor() throws IOException {
    String[] options = {"sieve=learned:sample=1", "checkpoint-every=3"};
    StopRequest stop = new StopWhileLearning();
    TrainingResult stopped =
        TrainingRun.of(runs.config("parts", options), List.of(), stop, note -> {}).run();
    assertThat(stopped.signal()).isEqualTo(15);
    assertThat(runs.metrics("parts")).hasSize(1);
    TrainingRun.of(runs.config("parts", "resume=true")).run();
    TrainingRun.of(runs.config("whole", options)).run();
    assertThat(runs.weights("parts")).isEqualTo(runs.weights("whole"));
    assertThat(runs.filter("parts")).isNotEmpty().isEqualTo(runs.filter("whole"));
  }

  @Test
  void learningIsTrainingTimeButNotPaceAcrossAStopToo() throws IOException {
    Runs.stopped(runs.config("parts", "sieve=learned"), 12 + 3);
    TrainingConfig config = runs.config("parts", "resume=true");
    TrainingResult result;
    try (TrainingSession session =
        TrainingSession.open(Preparation.of(config), new StopRequest())) {
      RunFiles files = RunFiles.open(runs.path("parts"), session, note -> {});
      Position stood = files.position();
      assertThat(stood.epoch()).isEqualTo(2);
      assertThat(stood.epochFigures().learningSeconds()).isPositive();
      Optional<RankTeacher> teacher = Optional.of(new FilterTraining(config, session.backend()));
      result = new Trainer(session, learning(stood, 1000), teacher, files, List.of()).run();
    }
    TrainingRun.of(runs.config("whole", "sieve=learned")).run();
    assertThat(runs.weights("parts")).isEqualTo(runs.weights("whole"));
    JsonNode epoch = runs.metrics("parts").get(1);
    assertThat(epoch.get("seconds").asDouble()).isBetween(1000.0, 1100.0);
    assertThat(epoch.get("eta_seconds").asDouble()).isLessThan(100);
    assertThat(epoch.get("samples_per_second").asDouble()).isGreaterThan(863 / 100.0);
    assertThat(result.seconds()).isBetween(1000.0, 1100.0);
    assertThat(result.timeSaved().orElseThrow()).isNegative();
  }

  /** The same position, whose epoch's filter learned so long. */
  private static Position learning(Position at, double seconds) {
    EpochFigures f = at.epochFigures();
    EpochFigures longer =
        new EpochFigures(
            f.weight(),
            f.loss(),
            f.correct(),
            f.kept(),
            f.forwardOnly(),
            f.seconds(),
            seconds,
            f.warmSeconds(),
            f.warmKept(),
            f.learningRate(),
            f.noise());
    return new Position(
        at.epoch(),
        at.step(),
        at.done(),
        at.updates(),
        at.plan(),
        at.growth(),
        longer,
        at.runFigures(),
        at.scores(),
        at.filter());
  }

  @Test
  void ofTooFewScoresThereIsNoCorrelation() {
    // A tenth of ⌈0.2 · 1438⌉ are 28.
    assertThat(TrainingRun.of(runs.config("run", "sieve=learned")).run().filterCorrelation())
        .isEmpty();
  }

  @Test
  void aRunThatEndsBeforeItLearnsLeavesNoFilter() throws IOException {
    TrainingRun.of(runs.config("run", "sieve=learned:from=1", "epochs=1")).run();
    assertThat(runs.filter("run")).isEmpty();
  }

  /** 400 rows of two features, whose sizes a model that begins with tanh does not mind. */
  private PreparedTraining wild(String out, int first, int count, float size) {
    int[] order = RandomBits.of(1, "teach", 0).permutation(400);
    SampleStore store = new SampleStore("wild", 400, 8);
    int[] labels = new int[400];
    for (int i = 0; i < 400; i++) {
      int row = order[i];
      labels[row] = i % 2;
      float scale = i >= first && i < first + count ? size : 1;
      store.setFloat(row, 0, scale * (i % 2 * 2 - 1));
      store.setFloat(row, 1, scale * (i % 3 - 1));
    }
    TrainingConfig config = runs.config(out, "sieve=learned");
    NetworkSpec tanh =
        NetworkSpec.parse("tanh", "input: [2]\nlayers:\n  - tanh\n  - linear: {features: 2}\n");
    Dataset data =
        new DatasetBuilder("wild", SampleShape.features(2), false, store)
            .labels(labels)
            .build("wild", DataRequest.train("wild"));
    NetworkSpec spec = ModelRules.with(tanh, data.schema());
    return new PreparedTraining(
        config, TrainingData.of(data, config), spec, Optional.empty(), true);
  }

  @Test
  void aFilterThatDivergesNamesItselfAndTheCheckpoint() {
    PreparedTraining teachers = wild("a", 0, 400, 3.4e38f);
    PreparedTraining oneNeverTaught = wild("b", 399, 1, 3.4e38f);
    for (PreparedTraining training : List.of(teachers, oneNeverTaught)) {
      Path checkpoint = training.config().out().orElseThrow().resolve("checkpoints/epoch-0001");
      assertThatThrownBy(
              () -> TrainingRun.of(training, List.of(), new StopRequest(), note -> {}).run())
          .isInstanceOf(GradsieveException.Diverged.class)
          .hasMessage(
              "the filter of --sieve learned diverged before epoch 2; the last good checkpoint is "
                  + checkpoint
                  + "; are the inputs of very different sizes? standardise them, or choose another --sieve");
    }
  }
}
