package io.gradsieve.data.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.Schema;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxDirectoryTest {
  @TempDir Path temp;
  private Path directory;

  @BeforeEach
  void write() throws Exception {
    directory = temp.resolve("my.set");
    put("train-images-idx3-ubyte", Samples.idx(Samples.counting(4 * 6, 7), 4, 2, 3));
    put("train-labels-idx1-ubyte.gz", Samples.gzip(Samples.idx(new byte[] {0, 1, 2, 1}, 4)));
    put("t10k-images.idx3-ubyte", Samples.idx(Samples.counting(2 * 6, 7), 2, 2, 3));
    put("t10k-labels.idx1-ubyte", Samples.idx(new byte[] {1, 0}, 2));
  }

  private void put(String name, byte[] content) throws Exception {
    Samples.write(directory.resolve(name), content);
  }

  private Dataset open() {
    return DataSource.open(DataRequest.train(directory.toString()));
  }

  @Test
  void bothPartsAreReadGzippedOrNot() {
    Dataset data = open();
    assertThat(data.name()).isEqualTo("my.set");
    assertThat(data.shape()).isEqualTo(new SampleShape(1, 2, 3));
    assertThat(data.train()).containsExactly(0, 1, 2, 3);
    assertThat(data.test()).containsExactly(4, 5);
    assertThat(data.classes()).containsExactly("0", "1", "2");
    assertThat(data.label(2)).isEqualTo(2);
    assertThat(data.label(4)).isEqualTo(1);
    assertThat(data.index(5)).isEqualTo(1);
    byte[] image = new byte[6];
    data.copy(1, ByteBuffer.wrap(image), 0);
    assertThat(image).containsExactly(42, 49, 56, 63, 70, 77);
    assertThat(data.duplicates().inTest()).isEqualTo(2);
    assertThat(data.weight(0)).isEqualTo(1);
  }

  @Test
  void labelsAreNotLookedAtToPredict() throws Exception {
    Files.delete(directory.resolve("train-labels-idx1-ubyte.gz"));
    assertThatThrownBy(this::open).isInstanceOf(BadData.class).hasMessageContaining("labels");
    Dataset data = DataSource.open(DataRequest.predict(directory.toString(), Schema.plain(2)));
    assertThat(data.labelled()).isFalse();
    assertThat(data.size()).isEqualTo(6);
  }

  @Test
  void aLabelTheModelDoesNotHaveNamesFileAndRow() {
    DataRequest request = DataRequest.evaluate(directory.toString()).withRules(Schema.plain(2));
    assertThatThrownBy(() -> DataSource.open(request))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("train-labels-idx1-ubyte.gz: row 2: label 2")
        .hasMessageContaining("2 classes");
  }

  @Test
  void countsThatDifferAndSizesThatDifferAreBadData() throws Exception {
    put("t10k-labels.idx1-ubyte", Samples.idx(new byte[] {1}, 1));
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("1 labels for 2 images");
    put("t10k-images.idx3-ubyte", Samples.idx(new byte[12], 2, 3, 2));
    assertThatThrownBy(this::open).isInstanceOf(BadData.class).hasMessageContaining("2x3");
  }

  @Test
  void aTestPartAloneCanBeEvaluatedButNotTrainedOn() throws Exception {
    Files.delete(directory.resolve("train-images-idx3-ubyte"));
    Files.delete(directory.resolve("train-labels-idx1-ubyte.gz"));
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("no training part");
    Dataset data = DataSource.open(DataRequest.evaluate(directory.toString()));
    assertThat(data.train()).isEmpty();
    assertThat(data.test()).containsExactly(0, 1);
  }

  @Test
  void oneClassIsNothingToTrainOn() throws Exception {
    put("train-labels-idx1-ubyte.gz", Samples.gzip(Samples.idx(new byte[] {1, 1, 1, 1}, 4)));
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("same label '1'");
    assertThat(DataSource.open(DataRequest.evaluate(directory.toString())).classes()).hasSize(2);
  }

  @Test
  void labelsWithoutTheirImagesAreBadDataAndNotASetWithoutThatPart() throws Exception {
    Files.delete(directory.resolve("t10k-images.idx3-ubyte"));
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("t10k-labels.idx1-ubyte but no images");
  }
}
