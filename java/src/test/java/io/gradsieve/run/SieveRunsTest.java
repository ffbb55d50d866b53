package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.data.reader.Samples;
import io.gradsieve.format.safetensors.SafeTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole runs under the policies, rankings and sizes of steps. */
class SieveRunsTest {
  @TempDir Path directory;

  private Runs runs;

  @BeforeEach
  void open() {
    runs = new Runs(directory);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sieve=hide:fraction=0.4,sure=0.3",
        "sieve=hide:fraction=0.4,sure=0.3,relative=true",
        "sieve=order score=loss:average=0.8",
        "sieve=window:relative=true score=el2n",
        "sieve=importance:balanced=true",
        "sieve=coverage score=margin:average=0.5",
        "sieve=variance:relative=true,balanced=true",
        "sieve=variance score=forgetting",
        "sieve=batch:keep=0.3",
        "sieve=batch:keep=0.3 micro-batch=50 score=margin",
        "sieve=batch:keep=0.1,balanced=true,from=1 batch-size=9 micro-batch=4 lr=0.002",
        "sieve=learned",
        "sieve=learned:sample=0.4,from=1 score=loss:average=0.5",
        "sieve=learned:balanced=true,relative=true batch-size=100",
        "optimizer=lars lr=5 sieve=none",
        "optimizer=lamb lr=0.01 sieve=soft",
        "micro-batch=50 sieve=variance",
        "batch-size=auto lr=0.02 sieve=none"
      })
  void aRunStoppedInTheMiddleEndsWithTheSameBits(String spec) throws IOException {
    String[] options = spec.split(" ");
    TrainingRun.of(runs.config("whole", options)).run();
    for (int steps : new int[] {16, 24, 30}) {
      String name = "parts" + steps;
      assertThat(Runs.stopped(runs.config(name, options), steps).signal()).isEqualTo(15);
      TrainingRun.of(runs.config(name, "resume=true")).run();
      assertThat(runs.weights(name)).isEqualTo(runs.weights("whole"));
      assertThat(runs.lines(name, "scores.csv")).isEqualTo(runs.lines("whole", "scores.csv"));
      assertThat(runs.filter(name)).isEqualTo(runs.filter("whole"));
    }
    List<JsonNode> metrics = runs.metrics("whole");
    assertThat(metrics.get(2).get("train_loss").asDouble())
        .isLessThan(metrics.get(0).get("train_loss").asDouble());
  }

  @ParameterizedTest
  @ValueSource(strings = {"loss", "grad_norm"})
  void whatIsHiddenIsScoredByAForwardPassAndCounted(String score) throws IOException {
    TrainingRun.of(runs.config("run", "sieve=hide:fraction=0.4,sure=0.5", "score=" + score)).run();
    List<JsonNode> metrics = runs.metrics("run");
    assertThat(metrics.get(0).get("forward_only").asInt()).isZero();
    int hidden = metrics.get(2).get("forward_only").asInt();
    assertThat(hidden).isPositive();
    assertThat(hidden + metrics.get(2).get("samples_kept").asInt())
        .isEqualTo(metrics.get(2).get("samples_seen").asInt());
    List<String> scores = runs.lines("run", "scores.csv");
    List<String> header = List.of(scores.get(0).split(","));
    int scored = header.indexOf("scored_epoch");
    int norm = header.indexOf("grad_norm");
    for (String line : scores.subList(1, scores.size())) {
      String[] cells = line.split(",", -1);
      assertThat(cells[scored]).isEqualTo("3");
      assertThat(Double.parseDouble(cells[norm])).isPositive();
    }
  }

  @Test
  void aBatchGoesBackwardWithItsTopShareAndTheRestIsOnlyScored() throws IOException {
    TrainingRun.of(runs.config("run", "sieve=batch:keep=0.25", "batch-size=100")).run();
    List<JsonNode> metrics = runs.metrics("run");
    assertThat(metrics.get(1).get("samples_kept").asInt()).isEqualTo(360);
    assertThat(metrics.get(1).get("forward_only").asInt()).isEqualTo(1438 - 360);
    assertThat(metrics.get(1).get("noise_scale").isNull()).isTrue();
    List<String> scores = runs.lines("run", "scores.csv");
    List<String> header = List.of(scores.get(0).split(","));
    double kept = 0;
    double keptScore = 0;
    double score = 0;
    for (String line : scores.subList(1, scores.size())) {
      String[] cells = line.split(",", -1);
      double el2n = Double.parseDouble(cells[header.indexOf("el2n")]);
      assertThat(cells[header.indexOf("scored_epoch")]).isEqualTo("3");
      if (cells[header.indexOf("kept")].equals("1")) {
        kept++;
        keptScore += el2n;
      } else {
        score += el2n;
      }
    }
    assertThat(kept).isEqualTo(360);
    assertThat(keptScore / kept).isGreaterThan(2 * score / (1438 - kept));
    assertThatThrownBy(() -> runs.config("no", "sieve=batch", "score=grad_norm"))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("--score grad_norm");
  }

  @ParameterizedTest
  @CsvSource({"micro-batch=1, 360", "micro-batch=2, 360", "batch-size=3, 480"})
  void aBatchKeepsItsShareInPartsTooAndOneOfAStepAtLeast(String option, int kept)
      throws IOException {
    TrainingRun.of(runs.config("run", "sieve=batch:keep=0.25", "batch-size=100", option)).run();
    assertThat(runs.metrics("run").get(1).get("samples_kept").asInt()).isEqualTo(kept);
  }

  @ParameterizedTest
  @ValueSource(strings = {"batch-size=128", "batch-size=16", "batch-size=8", "micro-batch=4"})
  void aBalancedBatchKeepsTheSameShareOfEveryClass(String option) throws IOException {
    TrainingRun.of(
            runs.config(
                "run", "sieve=batch:keep=0.25,balanced=true,relative=true", "lr=0.005", option))
        .run();
    Map<String, int[]> classes = new TreeMap<>();
    List<String> scores = runs.lines("run", "scores.csv");
    List<String> header = List.of(scores.get(0).split(","));
    for (String line : scores.subList(1, scores.size())) {
      String[] cells = line.split(",", -1);
      int[] counts = classes.computeIfAbsent(cells[header.indexOf("label")], c -> new int[2]);
      counts[0]++;
      counts[1] += Integer.parseInt(cells[header.indexOf("kept")]);
    }
    assertThat(classes).hasSize(10);
    assertThat(classes.values())
        .allSatisfy(counts -> assertThat(counts[1]).isBetween(counts[0] / 4, counts[0] / 4 + 1));
    assertThat(classes.values().stream().mapToInt(counts -> counts[1]).sum()).isBetween(360, 361);
  }

  /** Sums over parts round differently; a few steps later that is still little. */
  @ParameterizedTest
  @CsvSource({
    "sgd, none, 1",
    "adamw, none, 1",
    "lars, none, 1",
    "lamb, none, 1",
    "sgd, hard, 3",
    "sgd, hard:relative=true, 3"
  })
  void aStepInPartsIsTheStepOfTheWholeBatch(String optimizer, String sieve, int epochs)
      throws IOException {
    String[] options = {
      "epochs=" + epochs,
      "optimizer=" + optimizer,
      "sieve=" + sieve,
      "clip-norm=0.5",
      "batch-size=300",
      "lr=0.01"
    };
    TrainingRun.of(runs.config("whole", options)).run();
    String[] parts = java.util.Arrays.copyOf(options, options.length + 1);
    parts[options.length] = "micro-batch=64";
    TrainingRun.of(runs.config("parts", parts)).run();
    try (SafeTensors whole = SafeTensors.open(runs.path("whole").resolve("model.safetensors"));
        SafeTensors cut = SafeTensors.open(runs.path("parts").resolve("model.safetensors"))) {
      for (String name : List.of("1.weight", "3.bias", "5.weight")) {
        float[] expected = whole.floats(name);
        float[] found = cut.floats(name);
        for (int i = 0; i < expected.length; i++) {
          assertThat(found[i]).as("%s %d", name, i).isCloseTo(expected[i], within(2e-5f));
        }
      }
    }
    JsonNode a = runs.metrics("whole").get(0);
    JsonNode b = runs.metrics("parts").get(0);
    assertThat(b.get("train_loss").asDouble())
        .isCloseTo(a.get("train_loss").asDouble(), within(1e-4));
    assertThat(b.get("noise_scale").asDouble())
        .isCloseTo(a.get("noise_scale").asDouble(), within(0.01 * a.get("noise_scale").asDouble()));
    assertThat(b.get("batch_size").asInt()).isEqualTo(300);
  }

  @ParameterizedTest
  @CsvSource({"none, 512, 0.02", "linear, 512, 0.08", "sqrt, 512, 0.04", "sqrt, 32, 0.01"})
  void oneRateServesAllBatches(String scaling, int batch, double rate) throws IOException {
    TrainingRun.of(
            runs.config(
                "run",
                "lr=0.02",
                "lr-scaling=" + scaling,
                "batch-size=" + batch,
                "schedule=constant",
                "warmup=0"))
        .run();
    assertThat(runs.metrics("run").get(0).get("learning_rate").asDouble())
        .isCloseTo(rate, within(1e-12));
    assertThatThrownBy(() -> runs.config("no", "batch-size=auto", "lr-scaling=sqrt"))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("--lr-scaling");
  }

  @Test
  void aBatchAsSmallAsTheDataScalesTheRateInEveryRun() throws IOException {
    float[] x = new float[120];
    for (int i = 0; i < x.length; i++) {
      x[i] = i % 5 - 2;
    }
    long[] y = new long[60];
    for (int i = 0; i < y.length; i++) {
      y[i] = i % 2;
    }
    Map<String, byte[]> arrays =
        Map.of("x.npy", Samples.npy(x, 60, 2), "y.npy", Samples.npy(y, 60));
    Path data = Samples.write(directory.resolve("small.npz"), Samples.zip(arrays));
    String[] options = {"data=" + data, "lr=0.02", "lr-scaling=linear", "schedule=constant"};
    TrainingRun.of(runs.config("a", options)).run();
    assertThat(runs.metrics("a").get(2).get("learning_rate").asDouble())
        .isCloseTo(0.02 * 60 / 128, within(1e-12));
    Runs.stopped(runs.config("b", options), 1);
    TrainingRun.of(runs.config("b", "data=" + data, "resume=true")).run();
    assertThat(runs.weights("b")).isEqualTo(runs.weights("a"));
  }

  @Test
  void theNoiseScaleIsTheNumberOfSamplesWorthABatchAndBiasedPlansHaveNone() throws IOException {
    TrainingRun.of(runs.config("run", "sieve=hard", "lr=0.01")).run();
    List<JsonNode> metrics = runs.metrics("run");
    assertThat(metrics.get(0).get("noise_scale").asDouble()).isBetween(1.0, 1000.0);
    assertThat(metrics.get(1).get("noise_scale").isNull()).isTrue();
    TrainingRun.of(runs.config("quiet", "sieve=none", "norms=off")).run();
    assertThat(runs.metrics("quiet").get(0).get("noise_scale").isNull()).isTrue();
  }

  /** Labels that nothing can tell: the gradient is all noise. */
  @Test
  void anAutomaticBatchGrowsWithTheNoiseScaleAndTheRateWithIt() throws IOException {
    RandomBits random = RandomBits.of(1, "rows", 0);
    StringBuilder csv = new StringBuilder("a,b,label\n");
    for (int i = 0; i < 2100; i++) {
      csv.append(random.below(3 * i, 1000)).append(',').append(random.below(3 * i + 1, 1000));
      csv.append(random.below(3 * i + 2, 2) == 0 ? ",x\n" : ",y\n");
    }
    Files.writeString(runs.path("noise.csv"), csv);
    TrainingRun.of(
            runs.config(
                "run",
                "data=" + runs.path("noise.csv"),
                "validation=0",
                "batch-size=auto",
                "epochs=6",
                "lr=0.001",
                "schedule=constant",
                "sieve=none"))
        .run();
    List<JsonNode> metrics = runs.metrics("run");
    assertThat(metrics.get(0).get("batch_size").asInt()).isEqualTo(128);
    JsonNode last = metrics.get(5);
    // Eight steps an epoch are the fewest: 2,100 samples allow 256 in one.
    assertThat(last.get("batch_size").asInt()).isEqualTo(256);
    assertThat(last.get("learning_rate").asDouble()).isBetween(0.0015, 0.002);
  }

  @Test
  void anAutomaticBatchBeginsWithTheDataWhereThatIsSmall() throws IOException {
    TrainingRun.of(runs.config("run", "batch-size=auto", "micro-batch=16", "validation=0.99"))
        .run();
    JsonNode first = runs.metrics("run").get(0);
    assertThat(first.get("batch_size").asInt())
        .isEqualTo(first.get("samples_seen").asInt())
        .isLessThan(128);
  }
}
