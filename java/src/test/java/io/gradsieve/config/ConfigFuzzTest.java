package io.gradsieve.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException.Usage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigFuzzTest {
  private static final Map<String, String> MACHINE = Map.of("java", "17", "processor", "a: b");

  @TempDir Path directory;

  private static Settings read(Path file) {
    return new SettingsReader("train", CommandOptions.TRAIN).file(file).resolve();
  }

  @Test
  void aDamagedConfigurationIsReadOrRefused() throws Exception {
    TrainingConfig config =
        TrainingConfig.of(
            "data=é: x.csv", "ignore=a,b", "sieve=variance:keep=0.5,floor=0.1", "lr=1e-3");
    List<String> good =
        List.of(ConfigText.of(config, MACHINE), ConfigText.template(), "epochs: 3\nlr: 0.3\n");
    Path file = Files.createDirectory(directory.resolve("of\ntwo: lines")).resolve("train.yaml");
    new Fuzz("train.yaml", Usage.class)
        .run(
            1_000,
            mutations -> {
              Files.write(file, mutations.damaged(mutations.choose(good)));
              Settings settings = read(file);
              ConfigText.machine(file);
              checkWriting(settings, file);
            });
  }

  /** Settings that do not contradict each other are written so that they are read back. */
  private static void checkWriting(Settings settings, Path file) throws Exception {
    TrainingConfig config;
    try {
      config = new TrainingConfig(settings);
    } catch (Usage contradiction) {
      // of values, whichever file they came from
      assertThat(contradiction.getMessage()).doesNotContain("\n", "\r");
      return;
    }
    Files.writeString(file, ConfigText.of(config, MACHINE));
    // a refusal of what we wrote is a fault
    assertThatCode(() -> assertThat(new TrainingConfig(read(file)).hash()).isEqualTo(config.hash()))
        .doesNotThrowAnyException();
  }
}
