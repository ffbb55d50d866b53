package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Column.Role;
import io.gradsieve.format.rules.Normalization;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkSpecFuzzTest {
  @TempDir Path directory;

  @Test
  void aDamagedModelFileIsReadOrRefused() {
    Normalization normalize = new Normalization(List.of(0.1), List.of(0.25));
    List<Column> columns = List.of(new Column("é: 1", Role.CATEGORY, List.of("null", "~")));
    List<String> classes = List.of("no", "\"quoted\": {name}", "of two\nlines");
    List<String> good =
        List.of(
            Models.of("resnet20", 1, 8, 8, 3).toYaml(),
            Models.of("mlp", 1, 1, 1, 3).with(Optional.of(normalize), classes, columns).toYaml());
    Path file = directory.resolve("m.yaml");
    new Fuzz("m.yaml", BadData.class)
        .run(
            2_000,
            mutations -> {
              Files.write(file, mutations.damaged(mutations.choose(good)));
              NetworkSpec spec = NetworkSpec.read(file);
              Files.writeString(file, spec.toYaml());
              // a refusal of what we wrote is a fault
              assertThatCode(() -> assertThat(NetworkSpec.read(file)).isEqualTo(spec))
                  .doesNotThrowAnyException();
            });
  }
}
