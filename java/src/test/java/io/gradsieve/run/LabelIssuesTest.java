package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.ScoreRows;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.Trainer;
import io.gradsieve.train.TrainingData;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingListener;
import io.gradsieve.train.TrainingSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Wrong labels in a small table, found by the run that learns from it. */
class LabelIssuesTest {
  private static final int ROWS = 600;
  private static final int FLIPPED = 40;

  /** No early epoch is later, so that nothing changes what is said of labels. */
  private static final int ALL_SAID = 100;

  @TempDir private Path directory;
  private final Set<Integer> flipped = new HashSet<>();

  /** Normal clouds, or classes cut by planes; the first rows are flipped. */
  private Path table(boolean clouds, int features, int classes) throws IOException {
    RandomBits random = RandomBits.of(TestSeed.of(20261128), "labels", 0);
    StringBuilder text = new StringBuilder();
    for (int f = 0; f < features; f++) {
      text.append('x').append(f).append(',');
    }
    text.append("label\n");
    for (int row = 0; row < ROWS; row++) {
      int given = row % classes;
      double[] inputs = new double[features];
      double[] planes = new double[classes];
      for (int f = 0; f < features; f++) {
        inputs[f] = normal(random.at(row), 2 * f);
        inputs[f] += clouds ? normal(random.at(ROWS + given), 2 * f) : 0;
        for (int k = 0; k < classes; k++) {
          planes[k] += inputs[f] * normal(random.at(2 * ROWS + k), 2 * f);
        }
        text.append(inputs[f]).append(',');
      }
      for (int k = 0, best = 0; k < classes && !clouds; k++) {
        best = planes[k] > planes[best] ? k : best;
        given = best;
      }
      if (row < FLIPPED) {
        flipped.add(row);
        given = (given + 1 + random.at(row).below(99, classes - 1)) % classes;
      }
      text.append("class").append(given).append('\n');
    }
    return Files.writeString(directory.resolve("table.csv"), text);
  }

  private static double normal(RandomBits random, int draw) {
    double radius = Math.sqrt(-2 * Math.log(1 - random.uniform(draw)));
    return radius * Math.cos(2 * Math.PI * random.uniform(draw + 1));
  }

  @ParameterizedTest
  @CsvSource({
    "20,true,10,3", "100,true,10,3", "200,true,10,3", "400,true,10,3", "3000,true,10,3",
    "20,false,8,4", "200,false,8,4", "3000,false,8,4", "100,false,10,2", "400,false,10,2"
  })
  void fortyFlippedLabelsAreFoundHoweverLongTheRun(
      int epochs, boolean clouds, int features, int classes) throws IOException {
    TrainingConfig config =
        TrainingConfig.of(
            "data=" + table(clouds, features, classes), "epochs=" + epochs, "validation=0");
    StopRequest stop = new StopRequest();
    TrainingListener look =
        new TrainingListener() {
          @Override
          public void epochFinished(EpochFinished event) {
            if (event.metrics().epoch() == Math.min(epochs, ALL_SAID)) {
              stop.stop(15);
            }
          }
        };
    Set<Integer> named;
    try (TrainingSession session = TrainingSession.open(Preparation.of(config), stop)) {
      Trainer trainer = new Trainer(session, List.of(look));
      trainer.run();
      named = named(session.data(), trainer.position().scores());
    }
    int all = named.size();
    named.retainAll(flipped);
    System.out.printf("%d epochs: %d of %d are flipped%n", epochs, named.size(), all);
    assertThat(named).hasSizeGreaterThanOrEqualTo(25);
    assertThat((double) named.size() / all).isGreaterThanOrEqualTo(0.6);
  }

  private static Set<Integer> named(TrainingData data, ScoreTable scores) {
    DatasetNames names = new DatasetNames(data.dataset(), data.train());
    ScoreRows rows = new ScoreRows(List.of(ScoreColumns.LABEL_ISSUE), scores, names);
    Set<Integer> named = new HashSet<>();
    for (int i = 0; i < ROWS; i++) {
      if (rows.row(i)[0].equals("1")) {
        named.add(i);
      }
    }
    return named;
  }
}
