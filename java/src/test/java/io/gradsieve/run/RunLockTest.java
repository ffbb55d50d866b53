package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunLockTest {
  @TempDir Path directory;

  @Test
  void oneWritesAtATimeAndTheOtherIsToldWho() throws Exception {
    try (RunLock first = RunLock.take(directory, Optional.empty())) {
      assertThat(first).isNotNull();
      assertThatThrownBy(() -> RunLock.take(directory, Optional.of("a")))
          .isInstanceOf(GradsieveException.Usage.class)
          .hasMessageMatching(
              "--out .*: process %d on .* writes there now; wait for its end, or choose another --out"
                  .formatted(ProcessHandle.current().pid()));
    }
    assertThat(directory).isEmptyDirectory();
    RunLock.take(directory, Optional.of("a")).close();
  }

  @Test
  void anotherWorkerOfTheSameJobGoesPastIt() {
    try (RunLock first = RunLock.take(directory, Optional.of("launch:1"))) {
      assertThat(first).isNotNull();
      RunLock.take(directory, Optional.of("launch:1")).close();
      assertThat(directory.resolve(RunLock.FILE)).exists();
      assertThatThrownBy(() -> RunLock.take(directory, Optional.of("launch:12")))
          .hasMessageContaining("job launch:1, process");
    }
  }

  @Test
  void whatACrashLeavesIsNoLock() throws Exception {
    Files.writeString(directory.resolve(RunLock.FILE), "process 1 on a host that is off");
    RunLock.take(directory, Optional.empty()).close();
  }

  @Test
  void aRunThatOverwritesOrResumesARunningOneIsRefusedAndSpoilsNothing() {
    Path run = directory.resolve("run");
    TrainingListener intruder =
        new TrainingListener() {
          @Override
          public void epochFinished(EpochFinished event) {
            for (String how : new String[] {"overwrite=true", "resume=true"}) {
              assertThatThrownBy(() -> TrainingRun.of(config(run, how)).run())
                  .isInstanceOf(GradsieveException.Usage.class)
                  .hasMessageContaining("writes there now");
            }
          }
        };
    TrainingRun.of(config(run, "epochs=2"), intruder).run();
    assertThat(run.resolve(RunDirectory.WEIGHTS)).isNotEmptyFile();
    assertThat(run.resolve(RunLock.FILE)).doesNotExist();
    TrainingRun.of(config(run, "overwrite=true"), new TrainingListener() {}).run();
  }

  private static TrainingConfig config(Path run, String more) {
    return more.startsWith("resume")
        ? TrainingConfig.of("out=" + run, more)
        : TrainingConfig.of("data=digits", "threads=1", "epochs=2", "out=" + run, more);
  }
}
