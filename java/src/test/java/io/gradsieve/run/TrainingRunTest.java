package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.GradsieveException;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.reader.Samples;
import io.gradsieve.train.StepValues;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.Trainer;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingEvent.EpochStarted;
import io.gradsieve.train.TrainingEvent.RunFinished;
import io.gradsieve.train.TrainingEvent.RunStarted;
import io.gradsieve.train.TrainingListener;
import io.gradsieve.train.TrainingResult;
import io.gradsieve.train.TrainingSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingRunTest {
  @TempDir Path directory;

  private Runs runs;

  @BeforeEach
  void open() {
    runs = new Runs(directory);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 12, 13, 17, 24, 35})
  void aRunStoppedAfterAnyStepAndResumedEndsWithTheSameBits(int steps) throws IOException {
    TrainingRun.of(runs.config("whole")).run();
    TrainingResult first = Runs.stopped(runs.config("parts"), steps);
    assertThat(first.signal()).isEqualTo(15);
    assertThat(runs.path("parts").resolve("model.safetensors")).doesNotExist();
    TrainingResult second = TrainingRun.of(runs.config("parts", "resume=true")).run();
    assertThat(second.signal()).isZero();
    assertThat(runs.weights("parts")).isEqualTo(runs.weights("whole"));
    assertThat(runs.lines("parts", "scores.csv")).isEqualTo(runs.lines("whole", "scores.csv"));
    assertThat(runs.lines("parts", "model.yaml")).isEqualTo(runs.lines("whole", "model.yaml"));
    assertThat(runs.lines("parts", "metrics.jsonl")).hasSize(3);
  }

  @Test
  void batchNormAdamAndAugmentationResumeToTheSameBits() throws IOException {
    Files.writeString(
        runs.path("model.yaml"),
        """
        input: [1, 8, 8]
        layers:
          - conv2d: {channels: 8, kernel: 3, padding: 1}
          - batchnorm
          - relu
          - dropout: {p: 0.2}
          - flatten
          - linear: {features: 10}
        """);
    String[] options = {
      "model=" + runs.path("model.yaml"),
      "optimizer=adamw",
      "lr=0.002",
      "augment=crop",
      "sieve=hard:keep=0.4",
      "validation=0.2",
      "epochs=3"
    };
    TrainingRun.of(runs.config("whole", options)).run();
    Runs.stopped(runs.config("parts", options), 15);
    TrainingRun.of(runs.config("parts", "resume=true")).run();
    assertThat(runs.weights("parts")).isEqualTo(runs.weights("whole"));
    JsonNode last = runs.metrics("whole").get(2);
    assertThat(last.get("test_accuracy_recalibrated").isNumber()).isTrue();
    assertThat(last.get("validation_accuracy").isNumber()).isTrue();
    assertThat(runs.metrics("whole").get(0).get("test_accuracy_recalibrated").isNull()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void theSameSeedGivesTheSameBitsAtAnyNumberOfThreads(int threads) throws IOException {
    TrainingRun.of(runs.config("a", "threads=" + threads)).run();
    TrainingRun.of(runs.config("b", "threads=" + threads)).run();
    TrainingRun.of(runs.config("c", "threads=" + threads, "seed=2")).run();
    assertThat(runs.weights("a")).isEqualTo(runs.weights("b")).isNotEqualTo(runs.weights("c"));
  }

  @Test
  void theRecordedConfigurationTrainsTheSameAgain() throws IOException {
    TrainingRun.of(runs.config("a", "lr=0.07", "sieve=soft")).run();
    var settings =
        new io.gradsieve.config.SettingsReader("train", io.gradsieve.config.CommandOptions.TRAIN)
            .sets(List.of("out=" + runs.path("b")))
            .file(runs.path("a").resolve("config.yaml"))
            .resolve();
    TrainingRun.of(new TrainingConfig(settings)).run();
    assertThat(runs.weights("b")).isEqualTo(runs.weights("a"));
  }

  @Test
  void aDamagedNewestCheckpointIsPassedOver() throws IOException {
    TrainingRun.of(runs.config("whole")).run();
    Runs.stopped(runs.config("parts"), 30);
    Path newest;
    try (Stream<Path> all = Files.list(runs.path("parts").resolve("checkpoints"))) {
      newest = all.sorted().reduce((a, b) -> b).orElseThrow();
    }
    assertThat(newest.getFileName().toString()).isEqualTo("epoch-0003-step-000007");
    byte[] optimizer = Files.readAllBytes(newest.resolve("optimizer.safetensors"));
    optimizer[optimizer.length / 2] ^= 4;
    Files.write(newest.resolve("optimizer.safetensors"), optimizer);
    List<String> notes = new ArrayList<>();
    TrainingRun.of(runs.config("parts", "resume=true"), List.of(), new StopRequest(), notes::add)
        .run();
    assertThat(notes).hasSize(3).last().asString().contains("warning:", "optimizer.safetensors");
    assertThat(runs.weights("parts")).isEqualTo(runs.weights("whole"));
  }

  @Test
  void aRunWithoutAnyGoodCheckpointResumesFromTheStart() throws IOException {
    TrainingRun.of(runs.config("whole")).run();
    Runs.stopped(runs.config("parts", "checkpoint-every=3"), 1);
    try (Stream<Path> files = Files.walk(runs.path("parts").resolve("checkpoints"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.write(file, new byte[] {1});
      }
    }
    TrainingRun.of(runs.config("parts", "resume=true")).run();
    assertThat(runs.weights("parts")).isEqualTo(runs.weights("whole"));
  }

  @Test
  void resumeRefusesAnotherValueByNameButTakesWhatLeavesTheWeightsAlone() {
    Runs.stopped(runs.config("run"), 14);
    assertThatThrownBy(() -> runs.config("run", "resume=true", "lr=0.3"))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("--lr");
    assertThatThrownBy(() -> runs.config("run", "resume=true", "sieve=none"))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("--sieve");
    TrainingConfig free =
        runs.config("run", "resume=true", "sieve=variance", "keep-checkpoints=1", "quiet=true");
    TrainingRun.of(free).run();
    assertThat(runs.path("run").resolve("checkpoints").toFile().list()).hasSize(1);
  }

  @Test
  void resumingAFinishedRunChangesNothing() throws IOException {
    TrainingResult first = TrainingRun.of(runs.config("run")).run();
    byte[] before = runs.weights("run");
    List<String> metrics = runs.lines("run", "metrics.jsonl");
    TrainingResult again = TrainingRun.of(runs.config("run", "resume=true")).run();
    assertThat(runs.weights("run")).isEqualTo(before);
    assertThat(runs.lines("run", "metrics.jsonl")).isEqualTo(metrics);
    assertThat(again.test()).isEqualTo(first.test());
  }

  @Test
  void metricsHaveEveryNameInOrderAndCountTheSieve() throws IOException {
    TrainingRun.of(runs.config("run", "sieve=variance:keep=0.25", "eval-every=2", "validation=0.1"))
        .run();
    List<JsonNode> metrics = runs.metrics("run");
    List<String> names = new ArrayList<>();
    Iterator<String> fields = metrics.get(0).fieldNames();
    fields.forEachRemaining(names::add);
    assertThat(names)
        .containsExactly(
            "epoch",
            "train_loss",
            "train_accuracy",
            "validation_loss",
            "validation_accuracy",
            "test_loss",
            "test_accuracy",
            "test_accuracy_recalibrated",
            "samples_seen",
            "samples_kept",
            "kept_fraction",
            "forward_only",
            "samples_per_second",
            "seconds",
            "eta_seconds",
            "learning_rate",
            "lr_scale",
            "batch_size",
            "noise_scale");
    assertThat(metrics).hasSize(3);
    int samples = metrics.get(0).get("samples_seen").asInt();
    assertThat(metrics.get(0).get("samples_kept").asInt()).isEqualTo(samples);
    assertThat(metrics.get(1).get("samples_kept").asInt())
        .isEqualTo((int) Math.ceil(samples * 0.25));
    assertThat(metrics.get(0).get("test_accuracy").isNull()).isTrue();
    assertThat(metrics.get(1).get("test_accuracy").isNumber()).isTrue();
    assertThat(metrics.get(2).get("validation_accuracy").isNumber()).isTrue();
    assertThat(metrics.get(2).get("batch_size").asInt()).isEqualTo(128);
  }

  @Test
  void theDefaultLearnsTheDigits() throws IOException {
    TrainingResult result = TrainingRun.of(runs.config("run", "epochs=20")).run();
    assertThat(result.test().orElseThrow().accuracy()).isGreaterThan(0.96);
    assertThat(result.skipped()).isBetween(0.45, 0.5);
    assertThat(runs.lines("run", "scores.csv")).hasSize(1438 + 1);
  }

  @Test
  void listenersHearTheLoopInTheOrderItIsDescribed() {
    StringBuilder heard = new StringBuilder();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void runStarted(RunStarted event) {
            heard.append("run ");
          }

          @Override
          public void epochStarted(EpochStarted event) {
            heard.append("epoch").append(event.epoch()).append(' ');
          }

          @Override
          public void stepFinished(StepValues step) {
            heard.append('.');
          }

          @Override
          public void epochFinished(EpochFinished event) {
            heard.append(" end").append(event.metrics().epoch()).append(' ');
          }

          @Override
          public void runFinished(RunFinished event) {
            heard.append("done");
          }
        };
    TrainingConfig config =
        TrainingConfig.of("data=digits", "epochs=2", "batch-size=479", "threads=1");
    TrainingRun.of(config, listener).run();
    assertThat(heard).hasToString("run epoch1 .... end1 epoch2 .... end2 done");
  }

  /** Not by its place in a shuffled batch. */
  @ParameterizedTest
  @CsvSource({"sieve=none", "sieve=batch:from=1", "validation=0.2", "micro-batch=7"})
  void aSampleThatDivergesIsNamed(String option) throws IOException {
    float[] x = new float[200];
    long[] y = new long[100];
    for (int i = 0; i < 100; i++) {
      x[2 * i] = i % 7;
      x[2 * i + 1] = i % 3;
      y[i] = i % 2;
    }
    x[2 * 71] = 1e38f;
    Path wild =
        Samples.write(
            directory.resolve("wild.npz"),
            Samples.zip(Map.of("x.npy", Samples.npy(x, 100, 2), "y.npy", Samples.npy(y, 100))));
    TrainingConfig config =
        TrainingConfig.of("data=" + wild, "batch-size=30", "threads=2", "seed=4", option);
    assertThatThrownBy(() -> TrainingRun.of(config).run())
        .isInstanceOf(GradsieveException.Diverged.class)
        .hasMessageContaining("of the training sample with index 71 of wild is not finite");
  }

  @Test
  void aRateThatDivergesNamesTheLastGoodCheckpointOrSaysThereIsNone() {
    assertThatThrownBy(() -> TrainingRun.of(runs.config("a", "lr=1e30", "warmup=0")).run())
        .isInstanceOf(GradsieveException.Diverged.class)
        .hasMessageContaining(" samples is not finite (the first: training sample with index ")
        .hasMessageContaining("no checkpoint yet");
    try (TrainingSession session =
        TrainingSession.open(Preparation.of(runs.config("b")), new StopRequest())) {
      RunFiles files = RunFiles.open(runs.path("b"), session, note -> {});
      TrainingListener poison =
          new TrainingListener() {
            @Override
            public void epochStarted(EpochStarted event) {
              if (event.epoch() == 3) {
                float[] elements = session.network().parameters().read(0);
                elements[0] = Float.NaN;
                session.network().parameters().write(0, elements);
              }
            }
          };
      Trainer trainer =
          new Trainer(session, files.position(), Optional.empty(), files, List.of(poison));
      assertThatThrownBy(trainer::run)
          .isInstanceOf(GradsieveException.Diverged.class)
          .hasMessageContaining("epoch 3")
          .hasMessageContaining("checkpoints/epoch-0002");
    }
  }

  @Test
  void aBatchLargerThanTheDataIsRefusedOnlyIfAskedFor() throws IOException {
    Path csv = runs.path("small.csv");
    Files.writeString(csv, "x,y,label\n1,2,a\n2,1,b\n3,1,b\n0,5,a\n");
    TrainingConfig small =
        TrainingConfig.of("data=" + csv, "epochs=1", "threads=1", "out=" + runs.path("small"));
    TrainingRun.of(small).run();
    assertThat(runs.lines("small", "config.yaml"))
        .anyMatch(line -> line.startsWith("batch-size: 4 "));
    assertThatThrownBy(() -> TrainingRun.of(TrainingConfig.of("data=" + csv, "batch-size=5")).run())
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("--batch-size 5");
  }

  @Test
  void userAndClassWeightsHaveMeanOne() throws IOException {
    Path csv = runs.path("weighted.csv");
    Files.writeString(csv, "x,w,label\n1,2,a\n2,1,b\n3,1,b\n0,4,b\n5,1,b\n2,3,a\n");
    TrainingConfig config =
        TrainingConfig.of("data=" + csv, "weight=w", "class-weights=balanced", "validation=0");
    double[] weights = Preparation.of(config).data().userWeights();
    assertThat(Arrays.stream(weights).average().orElseThrow())
        .isCloseTo(1, org.assertj.core.data.Offset.offset(1e-12));
    // raw weight / class count: 2/2, 1/4, 1/4, 4/4, 1/4, 3/2
    double scale = 6 / (1 + 0.25 + 0.25 + 1 + 0.25 + 1.5);
    assertThat(weights[0]).isCloseTo(scale, org.assertj.core.data.Offset.offset(1e-12));
    assertThat(weights[5]).isCloseTo(1.5 * scale, org.assertj.core.data.Offset.offset(1e-12));
  }

  @Test
  void aRunKeepsOutOfDirectoriesThatAreNotItsOwn() throws IOException {
    Files.createDirectories(runs.path("full"));
    Path mine = Files.writeString(runs.path("full").resolve("config.yaml"), "mine");
    assertThatThrownBy(() -> TrainingRun.of(runs.config("full")).run())
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("not empty");
    assertThatThrownBy(() -> TrainingRun.of(runs.config("full", "overwrite=true")).run())
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("config.yaml");
    assertThat(mine).hasContent("mine");
    Files.writeString(runs.path("file"), "x");
    assertThatThrownBy(() -> TrainingRun.of(runs.config("file")).run())
        .isInstanceOf(GradsieveException.Output.class);
    assertThatThrownBy(() -> runs.config("none", "resume=true"))
        .isInstanceOf(GradsieveException.BadData.class);
  }

  @Test
  void overwriteLeavesWhatIsNotTheRuns() throws IOException {
    TrainingRun.of(runs.config("run", "epochs=2")).run();
    Path mine = Files.writeString(runs.path("run").resolve("notes.txt"), "mine");
    TrainingRun.of(runs.config("run", "epochs=1", "overwrite=true")).run();
    assertThat(mine).hasContent("mine");
    assertThat(runs.lines("run", "metrics.jsonl")).hasSize(1);
    assertThat(runs.path("run").resolve("checkpoints").toFile().list())
        .containsExactly("epoch-0001");
    JsonNode manifest =
        new ObjectMapper().readTree(runs.path("run").resolve("manifest.json").toFile());
    assertThat(manifest.get("schema").asInt()).isEqualTo(1);
    try (Stream<Path> files = Files.walk(runs.path("run"))) {
      List<String> listed = new ArrayList<>();
      manifest.get("files").forEach(name -> listed.add(name.asText()));
      assertThat(listed)
          .containsExactlyInAnyOrderElementsOf(
              files
                  .filter(Files::isRegularFile)
                  .filter(f -> !f.equals(mine))
                  .map(f -> runs.path("run").relativize(f).toString())
                  .toList());
    }
  }
}
