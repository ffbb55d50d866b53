package io.gradsieve.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.backend.MemoryLedger;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.reader.Samples;
import io.gradsieve.run.TrainingRun;
import io.gradsieve.train.StepValues;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingEvent.Evaluated;
import io.gradsieve.train.TrainingEvent.RunFinished;
import io.gradsieve.train.TrainingEvent.RunStarted;
import io.gradsieve.train.TrainingListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShortTrainingsTest {
  @TempDir Path directory;
  private final List<String> progress = new ArrayList<>();

  private Optional<SampleScores.Summary> score(
      String out, StopRequest stop, TrainingListener listener, String... options) {
    List<String> assignments = new ArrayList<>(List.of("threads=1"));
    assignments.add("out=" + directory.resolve(out));
    assignments.addAll(Arrays.asList(options));
    return SampleScores.write(
        new SettingsReader("score", CommandOptions.SCORE_COMMAND).sets(assignments).resolve(),
        List.of(listener),
        stop,
        progress::add,
        note -> {});
  }

  private List<String[]> scores(String out, String... options) throws IOException {
    score(out, new StopRequest(), new TrainingListener() {}, options);
    return rows(out);
  }

  private List<String[]> rows(String file) throws IOException {
    List<String> lines = Files.readAllLines(directory.resolve(file));
    return lines.stream().map(line -> line.split(",", -1)).toList();
  }

  private static int column(List<String[]> rows, String name) {
    return List.of(rows.get(0)).indexOf(name);
  }

  private static double number(List<String[]> rows, int row, String name) {
    return Double.parseDouble(rows.get(row)[column(rows, name)]);
  }

  /** Means of floats: one rounding more than the double-precision mean of the same floats. */
  @Test
  void averagesAreThoseOfTheRunsByHand() throws IOException {
    List<String[]> means = scores("means.csv", "runs=3", "epochs=2", "seed=5");
    assertThat(progress).hasSize(3);
    assertThat(progress.get(1))
        .matches("run 2/3  loss \\d\\.\\d{3}  accuracy \\d\\.\\d{3}  left \\d+s");
    List<List<String[]>> scored = new ArrayList<>();
    List<List<String[]>> trained = new ArrayList<>();
    for (int seed = 5; seed < 8; seed++) {
      Path run = directory.resolve("run" + seed);
      String[] options = {
        "data=digits", "threads=1", "epochs=2", "sieve=none", "seed=" + seed, "out=" + run
      };
      TrainingRun.of(TrainingConfig.of(options)).run();
      scored.add(scores("scored" + seed + ".csv", "model=" + run));
      trained.add(rows("run" + seed + "/scores.csv"));
    }
    for (int row = 1; row < means.size(); row++) {
      int r = row;
      for (String name : List.of("loss", "el2n", "grad_norm", "margin", "confidence")) {
        double mean = scored.stream().mapToDouble(s -> number(s, r, name)).average().orElseThrow();
        assertThat(number(means, row, name)).isCloseTo(mean, within(1e-6 * Math.abs(mean) + 1e-30));
      }
      double quality =
          trained.stream()
              .mapToDouble(t -> Math.log(number(t, r, "label_quality")))
              .average()
              .orElseThrow();
      assertThat(number(means, row, "label_quality")).isCloseTo(Math.exp(quality), within(1e-5));
      List<String> votes =
          scored.stream().map(run -> run.get(r)[column(run, "predicted")]).sorted().toList();
      String elected = votes.get(1).equals(votes.get(2)) ? votes.get(1) : votes.get(0);
      assertThat(means.get(row)[column(means, "predicted")]).isEqualTo(elected);
    }
  }

  @Test
  void theSameSeedGivesTheSameBytesAndAnotherDoesNot() throws IOException {
    for (String kind : List.of("runs=2", "folds=2")) {
      scores("a.csv", kind, "epochs=1", "seed=3");
      scores("b.csv", kind, "epochs=1", "seed=3");
      scores("c.csv", kind, "epochs=1", "seed=4");
      assertThat(directory.resolve("b.csv")).hasSameBinaryContentAs(directory.resolve("a.csv"));
      assertThat(Files.readAllBytes(directory.resolve("c.csv")))
          .isNotEqualTo(Files.readAllBytes(directory.resolve("a.csv")));
    }
  }

  @Test
  void everySampleIsHeldOutOnceAndTrainedOnByAllOtherFolds() throws IOException {
    Dataset digits = DataSource.open(DataRequest.train("digits"));
    int[] train = digits.train();
    List<ShortTrainings.Fold> folds = ShortTrainings.folds(digits, train, 3, 1);
    int[] held = new int[digits.size()];
    int[] trainedOn = new int[digits.size()];
    for (ShortTrainings.Fold fold : folds) {
      for (int i = 0; i < fold.rows().length; i++) {
        assertThat(fold.held()[i]).isEqualTo(train[fold.rows()[i]]);
        held[fold.held()[i]]++;
      }
      for (int sample : fold.others()) {
        trainedOn[sample]++;
      }
    }
    List<Integer> sizes = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void runStarted(RunStarted event) {
            sizes.add(event.samples());
          }

          @Override
          public void evaluated(Evaluated event) {
            assertThat(event.test()).isEmpty();
          }
        };
    SampleScores.Summary summary =
        score("held.csv", new StopRequest(), listener, "folds=3", "epochs=4").orElseThrow();
    for (int sample : train) {
      assertThat(held[sample]).isEqualTo(1);
      assertThat(trainedOn[sample]).isEqualTo(2);
    }
    assertThat(Arrays.stream(digits.test()).map(i -> trainedOn[i]).sum()).isZero();
    assertThat(sizes).isEqualTo(folds.stream().map(fold -> fold.others().length).toList());
    assertThat(summary.accuracy()).isGreaterThan(0.8);
    assertThat(progress).hasSize(3).allMatch(line -> line.startsWith("fold "));
    List<String[]> rows = rows("held.csv");
    assertThat(rows).hasSize(1 + digits.train().length);
    for (int row = 1; row < rows.size(); row++) {
      assertThat(rows.get(row)[column(rows, "forgetting")]).isEmpty();
      assertThat(number(rows, row, "label_quality"))
          .isCloseTo(number(rows, row, "confidence"), within(1e-5));
    }
  }

  /** The digits that train, a fifth of the labels another digit's; returns which. */
  private boolean[] flip(Path file) throws IOException {
    Dataset digits = DataSource.open(DataRequest.train("digits"));
    int[] train = digits.train();
    RandomBits random = RandomBits.of(1, "flip", 0);
    ByteBuffer pixels = ByteBuffer.allocate(train.length * digits.sampleBytes());
    byte[] labels = new byte[train.length];
    boolean[] flipped = new boolean[train.length];
    for (int i = 0; i < train.length; i++) {
      digits.copy(train[i], pixels, i * digits.sampleBytes());
      flipped[i] = random.uniform(i) < 0.2;
      int label = digits.label(train[i]);
      labels[i] = (byte) (flipped[i] ? (label + 1 + random.below(i + 5000, 9)) % 10 : label);
    }
    byte[] x = Samples.npy(pixels.array(), train.length, 1, 8, 8);
    byte[] y = Samples.npy(labels, train.length);
    Files.write(file, Samples.zip(Map.of("x.npy", x, "y.npy", y)));
    return flipped;
  }

  @Test
  void heldOutQualityFindsFlippedLabels() throws IOException {
    Path data = directory.resolve("flipped.npz");
    boolean[] flipped = flip(data);
    List<String[]> rows = scores("held.csv", "data=" + data, "folds=5", "epochs=5");
    int count = flipped.length;
    int named = 0;
    int found = 0;
    for (int row = 1; row <= count; row++) {
      if (number(rows, row, "label_issue") == 1) {
        named++;
        found += flipped[row - 1] ? 1 : 0;
      }
    }
    long lowest =
        IntStream.rangeClosed(1, count)
            .boxed()
            .sorted(Comparator.comparingDouble(row -> number(rows, row, "label_quality")))
            .limit(count / 5)
            .filter(row -> flipped[row - 1])
            .count();
    // They are 0.94 and 0.93; guessing gives 0.2.
    assertThat(lowest / (count / 5.0)).isGreaterThan(0.85);
    assertThat((double) found / named).isGreaterThan(0.85);
  }

  @Test
  void aStopEndsItAndNothingIsWritten() {
    for (String kind : List.of("runs=3", "folds=3")) {
      StopRequest stop = new StopRequest();
      TrainingListener second =
          new TrainingListener() {
            private int runs;

            @Override
            public void runStarted(RunStarted event) {
              runs++;
            }

            @Override
            public void stepFinished(StepValues step) {
              if (runs == 2) {
                stop.stop(2);
              }
            }
          };
      progress.clear();
      assertThat(score("none.csv", stop, second, kind)).isEmpty();
      assertThat(progress).hasSize(1);
      assertThat(directory.resolve("none.csv")).doesNotExist();
    }
  }

  @Test
  void nothingNativeStaysOpen() {
    long before = MemoryLedger.openBytes();
    List<Long> open = new ArrayList<>();
    List<Long> started = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void runFinished(RunFinished event) {
            open.add(MemoryLedger.openBytes() - before);
          }

          @Override
          public void runStarted(RunStarted event) {
            started.add(MemoryLedger.openBytes() - before);
          }
        };
    score("runs.csv", new StopRequest(), listener, "runs=2", "epochs=1");
    score("folds.csv", new StopRequest(), listener, "folds=2", "epochs=1");
    assertThat(open).hasSize(4).allMatch(bytes -> bytes > 0);
    // the second finds of the first what the first found of none
    assertThat(started.get(1)).isEqualTo(started.get(0));
    assertThat(started.get(3)).isEqualTo(started.get(2));
    assertThat(MemoryLedger.openBytes()).isEqualTo(before);
  }

  @Test
  void withoutNormsAndWithBatchNormItIsScoredToo() throws IOException {
    Path model =
        Files.writeString(
            directory.resolve("model.yaml"),
            """
            input: [1, 8, 8]
            layers:
              - conv2d: {channels: 4, kernel: 3, padding: 1}
              - batchnorm
              - relu
              - flatten
              - linear: {features: 10}
            """);
    List<String[]> rows = scores("scores.csv", "model=" + model, "runs=1", "score=loss,el2n");
    assertThat(rows.get(0)).contains("loss", "el2n", "forgetting").doesNotContain("grad_norm");
    assertThat(number(rows, 1, "loss")).isNotNegative();
  }

  @ParameterizedTest
  @CsvSource({
    "runs=2 folds=2, --runs and --folds",
    "runs=2 weights=w.safetensors, --weights",
    "runs=2 split=test, --split test",
    "folds=2 split=all, --split all",
    "folds=143, --folds 143",
    "epochs=2, --epochs"
  })
  void whatContradictsItIsWrongUsage(String options, String named) {
    assertThatThrownBy(() -> scores("x.csv", options.split(" ")))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining(named);
  }

  @Test
  void aTrainedModelContradictsItToo() {
    assertThatThrownBy(() -> scores("x.csv", "runs=2", "model=" + directory))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("--model " + directory);
  }

  @Test
  void aTrainingThatDivergesSaysWhereItsRateCanBeSet() throws IOException {
    float[] x = {1e19f, 1, -1e19f, 1, 2e19f, -1, -2e19f, -1};
    Map<String, byte[]> arrays =
        Map.of("x.npy", Samples.npy(x, 4, 2), "y.npy", Samples.npy(new long[] {0, 1, 0, 1}, 4));
    Path wild = Samples.write(directory.resolve("wild.npz"), Samples.zip(arrays));
    assertThatThrownBy(() -> scores("wild.csv", "data=" + wild, "runs=2"))
        .isInstanceOf(GradsieveException.Diverged.class)
        .hasMessageMatching(
            "training diverged in epoch 1, step 1: the gradient norm of 4 of 4 samples is not finite \\(the first: training sample with index [0-3] of wild\\); .*")
        .hasMessageEndingWith("; these are options of train: score its run by --model");
  }

  @Test
  void forgettingIsAScoreOfRuns() throws IOException {
    List<String[]> named = scores("a.csv", "runs=2", "epochs=1", "score=forgetting,loss");
    assertThat(named.get(0)).contains("forgetting", "loss").doesNotContain("el2n", "grad_norm");
    assertThat(named.get(1)[column(named, "forgetting")]).isNotEmpty();
    assertThat(scores("c.csv", "runs=1", "epochs=1", "score=all,loss").get(0))
        .contains("forgetting", "grad_norm", "margin");
    assertThatThrownBy(() -> scores("d.csv", "folds=2", "epochs=1", "score=forgetting"))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("it needs --runs");
  }
}
