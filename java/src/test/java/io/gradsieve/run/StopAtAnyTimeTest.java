package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stop that comes between any two looks at whether one was asked for. */
class StopAtAnyTimeTest {
  /** A run of this size looks less often. */
  private static final int MOST_LOOKS = 100;

  @TempDir Path directory;

  private static final class AtLook extends StopRequest {
    private int left;

    AtLook(int look) {
      left = look;
    }

    @Override
    public boolean asked() {
      if (left-- == 0) {
        stop(15);
      }
      return super.asked();
    }
  }

  @Test
  void nothingIsLost() throws IOException {
    Runs runs = new Runs(directory);
    String[] options = {"batch-size=719", "micro-batch=400", "epochs=2", "sieve=hide:from=1"};
    TrainingRun.of(runs.config("whole", options)).run();
    int look = 0;
    for (int signal = 15; signal != 0; look++) {
      assertThat(look).isLessThan(MOST_LOOKS);
      String parts = "parts-" + look;
      StopRequest stop = new AtLook(look);
      TrainingResult result =
          TrainingRun.of(runs.config(parts, options), List.of(), stop, note -> {}).run();
      signal = result.signal();
      if (signal != 0) {
        TrainingRun.of(runs.config(parts, "epochs=2", "resume=true")).run();
      }
      assertThat(runs.weights(parts))
          .as("stopped at look %d", look)
          .isEqualTo(runs.weights("whole"));
    }
    assertThat(look).isGreaterThan(5);
  }
}
