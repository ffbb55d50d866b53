package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.config.TrainingConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalesTest {
  @TempDir Path directory;

  private void train(String out, Locale locale) {
    Locale before = Locale.getDefault();
    Locale.setDefault(locale);
    try {
      TrainingRun.of(
              TrainingConfig.of(
                  "data=digits", "threads=1", "epochs=1", "out=" + directory.resolve(out)))
          .run();
    } finally {
      Locale.setDefault(before);
    }
  }

  private List<String> checkpoints(String run) throws IOException {
    try (Stream<Path> names = Files.list(directory.resolve(run).resolve("checkpoints"))) {
      return names.map(path -> path.getFileName().toString()).toList();
    }
  }

  /** Java's formatting writes a number in a locale's own digits, here Persian ones. */
  @Test
  void theFilesOfARunAreTheSameWhateverDigitsALocaleHas() throws IOException {
    train("root", Locale.ROOT);
    train("persian", Locale.forLanguageTag("fa-IR-u-nu-arabext"));
    for (String file : List.of("model.safetensors", "model.yaml", "scores.csv")) {
      assertThat(Files.readAllBytes(directory.resolve("persian").resolve(file)))
          .as(file)
          .isEqualTo(Files.readAllBytes(directory.resolve("root").resolve(file)));
    }
    assertThat(checkpoints("persian")).containsExactly("epoch-0001");
  }
}
