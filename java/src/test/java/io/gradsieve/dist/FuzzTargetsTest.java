package io.gradsieve.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every seed, and every input that ever broke a target, once. */
class FuzzTargetsTest {
  @TestFactory
  Stream<DynamicTest> noSeedBreaksItsTarget() {
    return FuzzTargets.all().entrySet().stream()
        .flatMap(
            each ->
                seeds(each.getKey()).stream()
                    .map(
                        seed ->
                            DynamicTest.dynamicTest(
                                each.getKey().getSimpleName() + " " + seed.getFileName(),
                                () ->
                                    each.getValue().fuzzerTestOneInput(Files.readAllBytes(seed)))));
  }

  private static List<Path> seeds(Class<?> target) {
    try (Stream<Path> files = Files.list(FuzzTargets.seeds(target))) {
      List<Path> seeds = files.sorted().toList();
      assertThat(seeds).isNotEmpty();
      return seeds;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
