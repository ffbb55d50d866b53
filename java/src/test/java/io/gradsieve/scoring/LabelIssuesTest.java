package io.gradsieve.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.TestSeed;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.run.TrainingRun;
import io.gradsieve.scoring.LabelIssues.Found;
import io.gradsieve.scoring.LabelIssues.Issue;
import io.gradsieve.train.StepValues;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingEvent.RunStarted;
import io.gradsieve.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Of 600 rows 60 are labelled wrong; guessing would find a tenth of what it names. */
class LabelIssuesTest {
  @TempDir Path directory;
  private final List<String> notes = new ArrayList<>();
  private final List<RunStarted> started = new ArrayList<>();
  private int epochs;
  private NoisyTable table;

  private final TrainingListener counting =
      new TrainingListener() {
        @Override
        public void runStarted(RunStarted event) {
          started.add(event);
        }

        @Override
        public void epochFinished(EpochFinished event) {
          epochs++;
        }
      };

  @BeforeEach
  void makeTable() throws IOException {
    table = NoisyTable.write(directory.resolve("noisy.csv"), 600, TestSeed.of(20261130));
  }

  private Optional<Found> find(TrainingListener listener, StopRequest stop, String... options) {
    List<String> all = new ArrayList<>(List.of("threads=1"));
    all.addAll(List.of(options));
    return LabelIssues.find(
        new SettingsReader("issues", CommandOptions.ISSUES).sets(all).resolve(),
        List.of(listener),
        stop,
        line -> {},
        notes::add);
  }

  private Found find(String... options) {
    return find(counting, new StopRequest(), options).orElseThrow();
  }

  private String[] data(String... more) {
    List<String> all = new ArrayList<>(List.of(more));
    all.addAll(List.of("data=" + table.file(), "label=kind", "id=name", "ignore=remark"));
    return all.toArray(String[]::new);
  }

  private Path train(String... options) {
    Path run = directory.resolve("run");
    List<String> all = new ArrayList<>(List.of(data(options)));
    all.addAll(List.of("threads=1", "out=" + run, "checkpoint-every=1000"));
    TrainingRun.of(TrainingConfig.of(all.toArray(String[]::new))).run();
    return run;
  }

  private void assertFound(Found found, double precision, double recall) {
    Set<Long> named = found.issues().stream().map(Issue::index).collect(Collectors.toSet());
    named.retainAll(table.flipped());
    System.out.printf("%d of %d are flipped%n", named.size(), found.issues().size());
    assertThat((double) named.size() / found.issues().size()).isGreaterThan(precision);
    assertThat((double) named.size() / table.flipped().size()).isGreaterThan(recall);
  }

  @Test
  void flippedLabelsAreFoundByNetworksThatNeverSawThem() {
    Found found = find(data());
    assertThat(found.by()).isEqualTo(LabelIssues.By.HELD_OUT);
    assertThat(found.samples()).isEqualTo(600);
    assertThat(started).hasSize(5).allMatch(run -> run.samples() == 480);
    assertFound(found, 0.7, 0.85);
    assertThat(found.issues())
        .isSortedAccordingTo(Comparator.comparingDouble(Issue::quality).thenComparing(Issue::index))
        .allMatch(issue -> issue.id().equals("n" + issue.index()))
        .allMatch(issue -> !issue.label().equals(issue.predicted()))
        .allMatch(
            issue ->
                table.lines().get((int) issue.index() + 1).contains("," + issue.label() + ","));
  }

  /** 300 epochs know most labels of this table by heart; the folds end after the early ones. */
  @Test
  void aLongRunsSettingsFindThemAsWell() {
    Path run = train("epochs=300", "validation=0", "batch-size=100");
    Found found = find(counting, new StopRequest(), "model=" + run).orElseThrow();
    assertThat(found.by()).isEqualTo(LabelIssues.By.HELD_OUT);
    assertThat(found.data()).isEqualTo(table.file().toString());
    assertThat(started).hasSize(5).allMatch(training -> training.epochs() == 300);
    assertThat(epochs).isLessThan(5 * 60);
    assertFound(found, 0.7, 0.85);
    assertThat(notes).anyMatch(note -> note.startsWith("held out: trained again as " + run));
  }

  @Test
  void oneFoldIsWhatTheRunFoundByItself() {
    Path run = train("epochs=40", "validation=0");
    Found found = find("model=" + run, "folds=1");
    assertThat(found.by()).isEqualTo(LabelIssues.By.RUN);
    assertThat(started).isEmpty();
    assertFound(found, 0.7, 0.7);
  }

  @Test
  void theTrainingsOfARunDoNotBeginWithWeightsThatMayKnowTheSamples() {
    Path first = train("epochs=2");
    Path second = directory.resolve("second");
    List<String> options = new ArrayList<>(List.of(data("epochs=2", "weights=" + first)));
    options.addAll(List.of("threads=1", "out=" + second));
    TrainingRun.of(TrainingConfig.of(options.toArray(String[]::new))).run();
    find("model=" + second, "folds=2");
    assertThat(notes).anyMatch(note -> note.contains("new weights, not with " + first));
  }

  @Test
  void networksThatKnowLittleAreWarnedOf() {
    find("model=" + train("epochs=1", "lr=0.00001"), "folds=2");
    assertThat(notes)
        .filteredOn(note -> note.startsWith("warning: "))
        .singleElement()
        .asString()
        .contains("(a guess: 0.3", "suspect right labels too");
    notes.clear();
    find(data("folds=2"));
    assertThat(notes).noneMatch(note -> note.startsWith("warning: "));
  }

  @Test
  void aStopEndsItAndNothingIsWritten() {
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
    Path out = directory.resolve("cleaned.csv");
    assertThat(find(second, stop, data("out=" + out))).isEmpty();
    assertThat(out).doesNotExist();
  }
}
