package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingEvent.EpochStarted;
import io.gradsieve.train.TrainingListener;
import io.gradsieve.train.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stop that comes while no step runs and no checkpoint is due. */
class StopBetweenEpochsTest {
  @TempDir Path directory;

  private final StopRequest stop = new StopRequest();

  private TrainingConfig config(String out, String... more) {
    List<String> all = new ArrayList<>(List.of("data=digits", "threads=1", "epochs=4"));
    all.add("checkpoint-every=4");
    all.add("out=" + directory.resolve(out));
    all.addAll(Arrays.asList(more));
    return TrainingConfig.of(all.toArray(String[]::new));
  }

  private void resumesTo(TrainingListener stopping, String checkpoint) throws IOException {
    TrainingResult stopped =
        TrainingRun.of(config("parts"), List.of(stopping), stop, note -> {}).run();
    assertThat(stopped.signal()).isEqualTo(15);
    assertThat(stopped.checkpoint()).get().asString().endsWith("/" + checkpoint);
    TrainingRun.of(config("whole")).run();
    TrainingRun.of(config("parts", "resume=true")).run();
    for (String file : List.of("model.safetensors", "scores.csv")) {
      assertThat(Files.readAllBytes(directory.resolve("parts").resolve(file)))
          .isEqualTo(Files.readAllBytes(directory.resolve("whole").resolve(file)));
    }
  }

  @Test
  void afterAnEpochTheEpochIsSaved() throws IOException {
    TrainingListener stopping =
        new TrainingListener() {
          @Override
          public void epochFinished(EpochFinished event) {
            if (event.metrics().epoch() == 3) {
              stop.stop(15);
            }
          }
        };
    resumesTo(stopping, "epoch-0003");
  }

  @Test
  void beforeAnEpochItsFirstStepIsDoneAndSaved() throws IOException {
    TrainingListener stopping =
        new TrainingListener() {
          @Override
          public void epochStarted(EpochStarted event) {
            if (event.epoch() == 3) {
              stop.stop(15);
            }
          }
        };
    resumesTo(stopping, "epoch-0003-step-000001");
  }
}
