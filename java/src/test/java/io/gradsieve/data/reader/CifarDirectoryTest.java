package io.gradsieve.data.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SampleShape;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarDirectoryTest {
  @TempDir Path temp;

  private static byte[] records(int... labels) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int label : labels) {
      out.write(Samples.cifar(label, label + 1));
    }
    return out.toByteArray();
  }

  @Test
  void batchesAreReadInOrderAndChannelsComeLast() throws Exception {
    Samples.write(temp.resolve("data_batch_2.bin"), records(3));
    Samples.write(temp.resolve("data_batch_10.bin"), records(5));
    Samples.write(temp.resolve("data_batch_1.bin"), records(1, 2));
    Samples.write(temp.resolve("test_batch.bin"), records(0, 7));
    Dataset data = DataSource.open(DataRequest.train(temp.toString()));
    assertThat(data.shape()).isEqualTo(new SampleShape(3, 32, 32));
    assertThat(data.train()).hasSize(4);
    assertThat(
            new int[] {data.label(0), data.label(1), data.label(2), data.label(3), data.label(5)})
        .containsExactly(1, 2, 3, 5, 7);
    byte[] image = new byte[3072];
    data.copy(3, ByteBuffer.wrap(image), 0);
    for (int t = 0; t < 1024; t++) {
      for (int c = 0; c < 3; c++) {
        assertThat(image[t * 3 + c]).isEqualTo((byte) ((c * 1024 + t) * 6));
      }
    }
  }

  @Test
  void aTruncatedBatchIsBadData() throws Exception {
    Samples.write(temp.resolve("data_batch_1.bin"), Arrays.copyOf(records(1, 2), 5000));
    assertThatThrownBy(() -> DataSource.open(DataRequest.train(temp.toString())))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("data_batch_1.bin")
        .hasMessageContaining("5000 bytes");
  }

  @Test
  void aLabelThatCifarTenDoesNotHaveIsBadDataNamingTheRow() throws Exception {
    Samples.write(temp.resolve("data_batch_1.bin"), records(1, 9, 10));
    assertThatThrownBy(() -> DataSource.open(DataRequest.train(temp.toString())))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("data_batch_1.bin: row 2: label 10 is too large");
  }
}
