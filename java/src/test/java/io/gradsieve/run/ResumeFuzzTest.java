package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.train.StepValues;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResumeFuzzTest {
  @TempDir Path directory;

  private TrainingConfig config(String out, String... more) throws IOException {
    StringBuilder table = new StringBuilder("x,y,label\n");
    for (int i = 0; i < 40; i++) {
      table.append("%d,%d,%s\n".formatted(i % 7, i % 5, i % 3 == 0 ? "a" : "b"));
    }
    Path data = Files.writeString(directory.resolve("leaves.csv"), table);
    return TrainingConfig.of(
        Stream.concat(
                Stream.of(
                    "data=" + data, "threads=1", "epochs=3", "batch-size=8", "out=" + at(out)),
                Stream.of(more))
            .toArray(String[]::new));
  }

  private Path at(String run) {
    return directory.resolve(run);
  }

  /**
   * A stopped run one of whose files is damaged, but for its configuration and data: it ends with
   * the bits it would have had, or is refused.
   */
  @Test
  void aDamagedRunEndsWithTheSameBitsOrIsRefused() throws IOException {
    TrainingRun.of(config("whole")).run();
    byte[] weights = Files.readAllBytes(at("whole").resolve("model.safetensors"));
    StopRequest stop = new StopRequest();
    TrainingRun.of(config("parts"), List.of(stopAtStep(stop)), stop, note -> {}).run();
    Map<Path, byte[]> good = files(at("parts"));
    List<Path> damageable =
        good.keySet().stream().filter(file -> !file.endsWith("config.yaml")).toList();
    TrainingConfig resumed = config("parts", "resume=true");
    new Fuzz("parts", GradsieveException.class)
        .run(
            60,
            mutations -> {
              delete(at("parts"));
              Map<Path, byte[]> bad = new TreeMap<>(good);
              bad.computeIfPresent(
                  mutations.choose(damageable), (file, bytes) -> mutations.damaged(bytes));
              for (Path file : bad.keySet()) {
                Files.createDirectories(file.getParent());
                Files.write(file, bad.get(file));
              }
              TrainingRun.of(resumed).run();
              assertThat(at("parts").resolve("model.safetensors")).hasBinaryContent(weights);
            });
  }

  /** Asks to stop in the middle of the last epoch. */
  private static TrainingListener stopAtStep(StopRequest stop) {
    return new TrainingListener() {
      @Override
      public void stepFinished(StepValues step) {
        if (step.epoch() == 3 && step.step() == 1) {
          stop.stop(15);
        }
      }
    };
  }

  private static Map<Path, byte[]> files(Path run) throws IOException {
    Map<Path, byte[]> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(run)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(file, Files.readAllBytes(file));
      }
    }
    return files;
  }

  private static void delete(Path run) throws IOException {
    try (Stream<Path> all = Files.walk(run)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
