package io.gradsieve.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.run.Preparation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedSamplesTest {
  private static final Duration LONGEST = Duration.ofSeconds(5);

  @TempDir Path directory;

  private static Dataset digits() {
    return Preparation.of(TrainingConfig.of("data=digits")).data().dataset();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  @Test
  void bothMapOneFileWhichIsGoneWhenItsMakerHasClosed() throws IOException {
    Dataset first = digits();
    Dataset second = digits();
    String hash = DataHash.of(first);
    SharedSamples made = SharedSamples.share(first, directory, hash, LONGEST);
    SharedSamples found = SharedSamples.share(second, directory, hash, LONGEST);
    assertThat(files()).anyMatch(file -> file.toString().endsWith(".samples"));
    assertThat(first.store().chunks()).allMatch(ByteBuffer::isReadOnly);
    assertThat(second.store().chunks()).allMatch(ByteBuffer::isReadOnly);
    found.close();
    assertThat(files()).isNotEmpty();
    made.close();
    assertThat(files()).isEmpty();
    assertThat(DataHash.of(first)).isEqualTo(hash);
    assertThat(DataHash.of(second)).isEqualTo(hash);
  }

  @Test
  void aFileOfAnotherSizeIsNotTaken() throws IOException {
    Dataset data = digits();
    String hash = DataHash.of(data);
    Files.write(directory.resolve("gradsieve-" + hash + ".samples"), new byte[3]);
    SharedSamples.share(data, directory, hash, LONGEST).close();
    assertThat(data.store().chunks()).noneMatch(ByteBuffer::isReadOnly);
    assertThat(DataHash.of(data)).isEqualTo(hash);
  }

  @Test
  void whereNothingCanBeWrittenEachKeepsItsOwn() {
    Dataset data = digits();
    String hash = DataHash.of(data);
    SharedSamples.share(data, directory.resolve("none"), hash, LONGEST).close();
    assertThat(data.store().chunks()).noneMatch(ByteBuffer::isReadOnly);
    assertThat(DataHash.of(data)).isEqualTo(hash);
  }
}
