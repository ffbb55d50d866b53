package io.gradsieve.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.Output;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.data.reader.Samples;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubsetWriterTest {
  @TempDir Path temp;

  private static byte[] sample(Dataset data, int i) {
    byte[] bytes = new byte[data.sampleBytes()];
    data.copy(i, ByteBuffer.wrap(bytes), 0);
    return bytes;
  }

  @Test
  void arraysWrittenAreTheArraysRead() throws Exception {
    Map<String, byte[]> arrays = new LinkedHashMap<>();
    arrays.put("x.npy", Samples.npy(Samples.counting(5 * 24, 3), 5, 3, 2, 4));
    arrays.put("y.npy", Samples.npy(new long[] {0, 1, 2, 1, 0}, 5));
    arrays.put("x_test.npy", Samples.npy(Samples.counting(24, 9), 1, 3, 2, 4));
    arrays.put("y_test.npy", Samples.npy(new long[] {2}, 1));
    Path in = Samples.write(temp.resolve("in.npz"), Samples.zip(arrays));
    DataRequest request = DataRequest.train(in.toString());
    Dataset data = DataSource.open(request);
    Path out = temp.resolve("out.npz");
    SubsetWriter.write(request.data(), data, new int[] {4, 1, 2}, out);
    Dataset kept = DataSource.open(DataRequest.train(out.toString()));
    assertThat(kept.shape()).isEqualTo(data.shape());
    assertThat(kept.train()).hasSize(3);
    assertThat(kept.test()).hasSize(1);
    assertThat(sample(kept, 0)).isEqualTo(sample(data, 4));
    assertThat(sample(kept, 3)).isEqualTo(sample(data, 5));
    assertThat(new int[] {kept.label(0), kept.label(1), kept.label(2), kept.label(3)})
        .containsExactly(0, 1, 2, 2);
    byte[] once = Files.readAllBytes(out);
    SubsetWriter.write(request.data(), data, new int[] {4, 1, 2}, out);
    assertThat(Files.readAllBytes(out)).isEqualTo(once);
  }

  @Test
  void rowsOfACsvFileAreCopiedAsTheyAre() throws Exception {
    String text = "name,\"a,b\",label\n\"x\ny\",1.50,p\nz,2,q\n\"say \"\"hi\"\"\",3,p\n";
    Path in = Samples.write(temp.resolve("in.csv"), text.getBytes(StandardCharsets.UTF_8));
    DataRequest request = DataRequest.train(in.toString()).withId("name");
    Path out = temp.resolve("out.csv");
    SubsetWriter.write(request.data(), DataSource.open(request), new int[] {2, 0}, out);
    assertThat(Files.readString(out))
        .isEqualTo("name,\"a,b\",label\n\"x\ny\",1.50,p\n\"say \"\"hi\"\"\",3,p\n");
  }

  @Test
  void aFormatThatDoesNotSuitTheDataIsWrongUsageAndAPlaceThatCannotBeWrittenOutput() {
    DataRequest request = DataRequest.train("digits");
    Dataset digits = DataSource.open(request);
    for (String name : new String[] {"x.csv", "x", "x.parquet", "x.txt"}) {
      assertThatThrownBy(
              () -> SubsetWriter.write(request.data(), digits, new int[1], temp.resolve(name)))
          .isInstanceOf(Usage.class);
    }
    assertThatThrownBy(
            () ->
                SubsetWriter.write(
                    request.data(), digits, new int[1], temp.resolve("no/such/x.npz")))
        .isInstanceOf(Output.class);
    assertThat(temp).isEmptyDirectory();
  }
}
