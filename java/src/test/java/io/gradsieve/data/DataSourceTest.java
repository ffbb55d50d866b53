package io.gradsieve.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.OptionalPart;
import io.gradsieve.data.reader.Samples;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataSourceTest {
  @TempDir Path temp;

  @Test
  void aNameThatIsNeitherKnownNorAPathIsWrongUsage() {
    assertThatThrownBy(() -> DataSource.open(DataRequest.train("digit")))
        .isInstanceOf(Usage.class)
        .hasMessageContaining("'digits'");
  }

  @Test
  void aPathThatDoesNotExistIsBadData() {
    for (String path : List.of("no/where", "nowhere.csv", "./nowhere", "/nowhere")) {
      assertThatThrownBy(() -> DataSource.open(DataRequest.train(path)))
          .isInstanceOf(BadData.class);
    }
  }

  @Test
  void aTextThatIsNoPathIsWrongUsage() {
    for (String text : List.of("a\0.csv", "./\ud800.csv")) {
      assertThatThrownBy(() -> DataSource.open(DataRequest.train(text)))
          .isInstanceOf(Usage.class)
          .hasMessageContaining("is no path");
    }
  }

  @Test
  void aFileOfNoKnownFormatSaysWhatIsRead() throws Exception {
    Path file = Samples.write(temp.resolve("x.bin"), new byte[100]);
    assertThatThrownBy(() -> DataSource.open(DataRequest.train(file.toString())))
        .isInstanceOf(BadData.class)
        .hasMessageContaining(".npz");
    for (String name : List.of("e.npz", "e.csv", "e.zip", "e")) {
      Path empty = Samples.write(temp.resolve(name), new byte[0]);
      assertThatThrownBy(() -> DataSource.open(DataRequest.train(empty.toString())))
          .isInstanceOf(BadData.class);
    }
    assertThatThrownBy(
            () ->
                DataSource.open(
                    DataRequest.train(Files.createDirectory(temp.resolve("d")).toString())))
        .isInstanceOf(BadData.class);
  }

  @Test
  void knownSetsAreLookedForInTheirPlacesInOrder() {
    DataRequest request = DataRequest.train("cifar10").withDataDirectory(Path.of("dir"));
    assertThat(DataSource.places(request, Map.of("GRADSIEVE_DATA", "/env"), "/home/me"))
        .containsExactly(
            Path.of("dir/cifar10"),
            Path.of("dir"),
            Path.of("/env/cifar10"),
            Path.of("/env"),
            Path.of("/usr/share/datasets/cifar10"),
            Path.of("/home/me/.cache/gradsieve/cifar10"));
  }

  @Test
  void aKnownSetIsFoundOrItIsSaidHowToGetIt() throws Exception {
    List<Path> places = List.of(temp.resolve("a"), temp.resolve("b"));
    assertThatThrownBy(() -> DataSource.open(DataRequest.train("cifar10"), places))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("cifar-10-binary.tar.gz")
        .hasMessageContaining(temp.resolve("b").toString());
    // IDX files are not CIFAR-10, whatever the directory is called
    Samples.write(temp.resolve("a/train-images-idx3-ubyte"), Samples.idx(new byte[8], 2, 2, 2));
    byte[] two = java.util.Arrays.copyOf(Samples.cifar(1, 1), 2 * 3073);
    Samples.write(temp.resolve("b/cifar-10-batches-bin/data_batch_1.bin"), two);
    Dataset data = DataSource.open(DataRequest.train("cifar10"), places);
    assertThat(data.name()).isEqualTo("cifar10");
    assertThat(data.size()).isEqualTo(2);
  }

  @Test
  void aDataDirectoryThatIsNoneIsSaid() {
    DataRequest request =
        DataRequest.train("fashion-mnist").withDataDirectory(temp.resolve("none"));
    assertThatThrownBy(() -> DataSource.open(request))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("--data-dir");
  }

  @Test
  void fashionMnistIsReadWhole() {
    OptionalPart.need(
        Files.exists(Path.of("/usr/share/datasets/fashion-mnist")),
        "Fashion-MNIST is not installed (apt-get install dataset-fashion-mnist)");
    Dataset data = DataSource.open(DataRequest.train("fashion-mnist"));
    assertThat(data.train()).hasSize(60_000);
    assertThat(data.test()).hasSize(10_000);
    // figures everyone quotes
    assertThat(data.schema().normalize().orElseThrow().mean().get(0)).isBetween(0.2860, 0.2861);
    assertThat(data.schema().normalize().orElseThrow().deviation().get(0))
        .isBetween(0.3530, 0.3531);
  }
}
