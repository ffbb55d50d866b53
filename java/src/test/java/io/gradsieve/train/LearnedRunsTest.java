package io.gradsieve.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.gradsieve.train.learned.FilterTraining;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
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
    TrainingResult result = Trainer.of(runs.config("run", "sieve=learned")).run();
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
    Trainer.of(runs.config("run", "sieve=learned:sample=0.3,from=1,keep=0.5")).run();
    assertThat(kept("run")).containsExactly(432, 719, 719);
  }

  @Test
  void theSameRunElsewhereLearnsTheSameFilter() throws IOException {
    Trainer.of(runs.config("a", "sieve=learned")).run();
    Trainer.of(runs.config("b", "sieve=learned", "keep-checkpoints=1")).run();
    assertThat(runs.filter("a")).isNotEmpty().isEqualTo(runs.filter("b"));
    assertThat(runs.weights("a")).isEqualTo(runs.weights("b"));
  }

  @Test
  void anotherRunInItsPlaceLeavesNoFilter() throws IOException {
    Trainer.of(runs.config("run", "sieve=learned")).run();
    TrainingResult result = Trainer.of(runs.config("run", "sieve=hard", "overwrite=true")).run();
    assertThat(runs.filter("run")).isEmpty();
    assertThat(result.filterCorrelation()).isEmpty();
  }

  @Test
  void aStopWhileTheFilterLearnsIsMadeUpFor() throws Exception {
    String[] options = {"sieve=learned:sample=1", "checkpoint-every=3"};
    StopRequest stop = new StopRequest();
    AtomicBoolean over = new AtomicBoolean();
    Thread trainer = Thread.currentThread();
    Thread stopping =
        new Thread(
            () -> {
              while (!learns(trainer) && !over.get()) {
                Thread.onSpinWait();
              }
              stop.stop(15);
            });
    stopping.start();
    Trainer.of(runs.config("parts", options), List.of(), stop, note -> {}).run();
    over.set(true);
    stopping.join();
    Trainer.of(runs.config("parts", "resume=true")).run();
    Trainer.of(runs.config("whole", options)).run();
    assertThat(runs.weights("parts")).isEqualTo(runs.weights("whole"));
    assertThat(runs.filter("parts")).isNotEmpty().isEqualTo(runs.filter("whole"));
  }

  private static boolean learns(Thread trainer) {
    String learning = FilterTraining.class.getName();
    return Arrays.stream(trainer.getStackTrace())
        .anyMatch(frame -> frame.getClassName().equals(learning));
  }

  @Test
  void learningThatIsStoppedLeavesNothingBehind() throws IOException {
    StopRequest asked = new StopRequest();
    asked.stop(15);
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void epochFinished(TrainingState state, EpochMetrics metrics) {
            if (state.epoch() == 1) {
              assertThat(state.learned.learn(state, 2, asked)).isFalse();
              assertThat(state.learned.filter()).isEmpty();
              assertThat(state.learned.ranks()).isEmpty();
            }
          }
        };
    Trainer.of(runs.config("tried", "sieve=learned"), listener).run();
    Trainer.of(runs.config("whole", "sieve=learned")).run();
    assertThat(runs.weights("tried")).isEqualTo(runs.weights("whole"));
  }
}
