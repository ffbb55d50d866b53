package io.gradsieve.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.format.safetensors.SafeTensors;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.Workers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LearnedFilterTest {
  @TempDir Path directory;

  private final StopRequest stop = new StopRequest();
  private Backend backend;

  @BeforeEach
  void open() {
    backend = Backends.open(DeviceName.CPU, 1);
  }

  @AfterEach
  void close() {
    backend.close();
  }

  /** Has learned something of the first samples. */
  static LearnedFilter learned(Backend backend, Dataset data, int samples) {
    float[] scores = new float[samples];
    for (int i = 0; i < samples; i++) {
      scores[i] = i % 11;
    }
    return new FilterTraining(TrainingConfig.of("threads=1"), backend)
        .fit(data, IntStream.range(0, samples).toArray(), scores, Workers.alone(new StopRequest()))
        .orElseThrow();
  }

  static byte[] bytes(LearnedFilter filter) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    filter.write(bytes);
    return bytes.toByteArray();
  }

  @Test
  void whatWasWrittenIsReadAndAppliedToOtherData() throws IOException {
    Dataset data = DataSource.open(DataRequest.train("digits"));
    Path file = directory.resolve("filter.safetensors");
    try (LearnedFilter filter = learned(backend, data, 300)) {
      Files.write(file, bytes(filter));
      try (LearnedFilter read = LearnedFilter.read(file, backend)) {
        assertThat(bytes(read)).isEqualTo(bytes(filter));
        assertThat(read.correlation()).isPresent().isEqualTo(filter.correlation());
        assertThat(read.score()).isEqualTo("grad_norm");
        assertThat(read.rules().normalize()).isEqualTo(data.schema().normalize());
        assertThat(read.ranks(data, data.test(), stop))
            .isEqualTo(filter.ranks(data, data.test(), stop));
        assertThatThrownBy(() -> read.ranks(FilterTrainingTest.features(3), new int[] {0}, stop))
            .isInstanceOf(BadData.class)
            .hasMessageContaining("[1, 8, 8]")
            .hasMessageContaining("[4]");
      }
    }
    try (SafeTensors tensors = SafeTensors.open(file)) {
      assertThat(tensors.metadata())
          .containsOnlyKeys("format", "version", "network", "score", "bins", "correlation");
    }
  }

  @Test
  void withoutACorrelationTheFileHasNone() throws IOException {
    Path file = directory.resolve("filter.safetensors");
    try (LearnedFilter filter = learned(backend, FilterTrainingTest.features(40), 40)) {
      Files.write(file, bytes(filter));
      try (SafeTensors tensors = SafeTensors.open(file);
          LearnedFilter read = LearnedFilter.read(file, backend)) {
        assertThat(tensors.metadata()).doesNotContainKey("correlation");
        assertThat(read.correlation()).isEmpty();
        assertThat(bytes(read)).isEqualTo(bytes(filter));
      }
    }
  }

  @Test
  void asManyElementsInAnotherShapeAreRefused() {
    Dataset digits = DataSource.open(DataRequest.train("digits"));
    SampleStore store = new SampleStore("wide", 2, 64);
    Dataset wide =
        new DatasetBuilder("wide", new SampleShape(1, 4, 16), true, store)
            .build("wide", DataRequest.evaluate("wide"));
    try (LearnedFilter filter = learned(backend, digits, 40)) {
      assertThatThrownBy(() -> filter.ranks(wide, new int[] {0}, stop))
          .isInstanceOf(BadData.class)
          .hasMessageContaining("[1, 8, 8]")
          .hasMessageContaining("[1, 4, 16]");
    }
  }

  @Test
  void whatIsNoFilterFileSaysWhichToName() throws IOException {
    Path file = directory.resolve("filter.safetensors");
    Path text = Files.writeString(directory.resolve("notes.txt"), "nothing of the kind");
    Path cut = directory.resolve("cut.safetensors");
    try (LearnedFilter filter = learned(backend, FilterTrainingTest.features(40), 40)) {
      byte[] whole = bytes(filter);
      Files.write(cut, Arrays.copyOf(whole, whole.length - 1));
    }
    for (Path wrong : List.of(file, text, cut)) {
      assertThatThrownBy(() -> LearnedFilter.read(wrong, backend))
          .isInstanceOf(BadData.class)
          .hasMessageStartingWith(wrong + ": ")
          .hasMessageEndingWith("; name the filter.safetensors of a run with --sieve learned");
    }
    assertThatThrownBy(() -> LearnedFilter.read(directory, backend))
        .isInstanceOf(BadData.class)
        .hasMessage(directory + ": is a directory; name its filter.safetensors");
  }

  @Test
  void theSameIsPredictedOnAnyNumberOfThreads() throws IOException {
    Dataset data = DataSource.open(DataRequest.train("digits"));
    Path file = directory.resolve("filter.safetensors");
    try (LearnedFilter filter = learned(backend, data, 300)) {
      Files.write(file, bytes(filter));
      try (Backend three = Backends.open(DeviceName.CPU, 3);
          LearnedFilter read = LearnedFilter.read(file, three)) {
        assertThat(read.ranks(data, data.train(), stop))
            .isEqualTo(filter.ranks(data, data.train(), stop));
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gradsieve-filter | gradsieve-filler | is no filter",
        "\"version\":\"1\" | \"version\":\"2\" | version 2, this program reads 1",
        "\"bins\":\"10\" | \"bins\":\"11\" | 'bins'",
        "\"score\":\"grad_norm\" | \"scare\":\"grad_norm\" | 'score'",
        "\"correlation\":\" | \"correlation\":\"9 | 'correlation'",
        "linear: {features: 64 | linear: {features: 99 | 'network'",
        "linear: {features: 64 | linear: {features: 63 | does not fit",
        "input: [4] | input: [4, | not valid YAML"
      })
  void anotherFileIsRefusedInOneLine(String from, String to, String message) throws IOException {
    Path file = directory.resolve("filter.safetensors");
    String text;
    try (LearnedFilter filter = learned(backend, FilterTrainingTest.features(300), 300)) {
      text = new String(bytes(filter), StandardCharsets.ISO_8859_1);
    }
    assertThat(text).contains(from);
    byte[] bytes = text.replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
    ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(0, header.getLong(0) + to.length() - from.length());
    Files.write(file, bytes);
    assertThatThrownBy(() -> LearnedFilter.read(file, backend))
        .isInstanceOf(BadData.class)
        .hasMessageContaining(message)
        .hasMessageContaining("filter.safetensors")
        .message()
        .doesNotContain("\n");
  }
}
