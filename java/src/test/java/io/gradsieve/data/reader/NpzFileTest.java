package io.gradsieve.data.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.Schema;
import io.gradsieve.format.rules.Normalization;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpzFileTest {
  @TempDir Path temp;
  private final Map<String, byte[]> arrays = new LinkedHashMap<>();

  private DataRequest request() throws Exception {
    return DataRequest.train(Samples.write(temp.resolve("d.npz"), Samples.npz(arrays)).toString());
  }

  private Dataset open() throws Exception {
    return DataSource.open(request());
  }

  private static float[] floats(Dataset data, int sample) {
    ByteBuffer bytes = ByteBuffer.allocate(data.sampleBytes()).order(ByteOrder.LITTLE_ENDIAN);
    data.copy(sample, bytes, 0);
    float[] values = new float[data.sampleBytes() / 4];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  @Test
  void float32ImagesComeInPytorchsOrderAndStayAsTheyAre() throws Exception {
    float[] x = new float[2 * 3 * 2 * 2];
    for (int i = 0; i < x.length; i++) {
      x[i] = i * 1.5f;
    }
    arrays.put("x", Samples.npy(x, 2, 3, 2, 2));
    arrays.put("y", Samples.npy(new long[] {0, 1}, 2));
    Dataset data = open();
    assertThat(data.bytes()).isFalse();
    assertThat(data.shape()).isEqualTo(new SampleShape(3, 2, 2));
    assertThat(data.schema().normalize()).isEmpty();
    assertThat(floats(data, 1))
        .containsExactly(18, 24, 30, 19.5f, 25.5f, 31.5f, 21, 27, 33, 22.5f, 28.5f, 34.5f);
  }

  @Test
  void aTestArrayWithoutAShapeIsRefused() throws Exception {
    arrays.put("x", Samples.npy(Samples.counting(4, 1), 2, 2));
    arrays.put("y", Samples.npy(new long[] {0, 1}, 2));
    arrays.put("x_test", Samples.npy(new byte[1]));
    assertThatThrownBy(this::open).isInstanceOf(BadData.class).hasMessageContaining("x_test");
  }

  @Test
  void uint8ImagesMayHaveTheirChannelsFirstOrLast() throws Exception {
    arrays.put("y", Samples.npy(new long[] {0, 1}, 2));
    byte[] x = Samples.counting(2 * 3 * 4 * 5, 1);
    arrays.put("x", Samples.npy(x, 2, 3, 4, 5));
    assertThat(open().shape()).isEqualTo(new SampleShape(3, 4, 5));
    arrays.put("x", Samples.npy(x, 2, 4, 5, 3));
    Dataset last = open();
    assertThat(last.shape()).isEqualTo(new SampleShape(3, 4, 5));
    byte[] image = new byte[60];
    last.copy(1, ByteBuffer.wrap(image), 0);
    assertThat(image).isEqualTo(java.util.Arrays.copyOfRange(x, 60, 120));
    arrays.put("x", Samples.npy(x, 2, 4, 15));
    assertThat(open().shape()).isEqualTo(new SampleShape(1, 4, 15));
    arrays.put("x", Samples.npy(x, 2, 60));
    assertThat(open().shape()).isEqualTo(SampleShape.features(60));
    assertThat(open().schema().normalize().orElseThrow().mean()).hasSize(60);
  }

  @Test
  void testArraysAreTheTestPart() throws Exception {
    arrays.put("x", Samples.npy(new float[] {1, 2, 3}, 3));
    arrays.put("y", Samples.npy(new long[] {0, 2, 1}, 3, 1));
    arrays.put("x_test", Samples.npy(new float[] {4, 2}, 2));
    arrays.put("y_test", Samples.npy(new long[] {5, 0}, 2));
    Dataset data = open();
    assertThat(data.train()).containsExactly(0, 1, 2);
    assertThat(data.test()).containsExactly(3, 4);
    assertThat(data.classes()).hasSize(6);
    assertThat(data.index(3)).isZero();
    assertThat(data.duplicates().inTest()).isEqualTo(1);
    arrays.put("x_test", Samples.npy(new float[] {4, 2}, 1, 2));
    assertThatThrownBy(this::open).isInstanceOf(BadData.class).hasMessageContaining("x_test");
  }

  @Test
  void labelsThatAreNegativeFractionalOrTooLargeNameTheRow() throws Exception {
    arrays.put("x", Samples.npy(new float[] {1, 2, 3}, 3));
    arrays.put("y", Samples.npy(new long[] {0, 1, -1}, 3));
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("row 2: label -1");
    arrays.put("y", Samples.npy(new float[] {0, 0.5f, 1}, 3));
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("row 1: label 0.5");
    arrays.put("y", Samples.npy(new float[] {0, 1, Float.NaN}, 3));
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("row 2: label NaN");
    arrays.put("y", Samples.npy(new long[] {0, 1, 1L << 40}, 3));
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("row 2: label 1099511627776");
    arrays.put("y", Samples.npy(new long[] {0, 1, 4}, 3));
    DataRequest three = DataRequest.evaluate(request().data()).withRules(Schema.plain(3));
    assertThatThrownBy(() -> DataSource.open(three))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("3 classes");
    arrays.put("y", Samples.npy(new float[] {0, 1, 2}, 3));
    assertThat(open().label(2)).isEqualTo(2);
  }

  @Test
  void numbersThatAreNotFiniteNameRowAndColumn() throws Exception {
    arrays.put("x", Samples.npy(new float[] {1, 2, 3, Float.NaN}, 2, 2));
    arrays.put("y", Samples.npy(new long[] {0, 1}, 2));
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("x.npy: row 1, column 1: NaN");
  }

  @Test
  void whatIsMissingIsNamedWithTheNearestThere() throws Exception {
    arrays.put("X", Samples.npy(new float[] {1, 2}, 2));
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("no array x")
        .hasMessageContaining("'X'");
    arrays.put("x", Samples.npy(new float[] {1, 2}, 2));
    assertThatThrownBy(this::open).isInstanceOf(BadData.class).hasMessageContaining("no array y");
    assertThat(DataSource.open(DataRequest.predict(request().data(), Schema.plain(2))).labelled())
        .isFalse();
    arrays.put("y", Samples.npy(new long[] {1}, 1));
    assertThatThrownBy(this::open).isInstanceOf(BadData.class).hasMessageContaining("1 labels");
  }

  @Test
  void optionsThatNameColumnsAreWrongUsage() throws Exception {
    arrays.put("x", Samples.npy(new float[] {1, 2}, 2));
    arrays.put("y", Samples.npy(new long[] {0, 1}, 2));
    DataRequest weighted = request().withWeight("w");
    assertThatThrownBy(() -> DataSource.open(weighted)).isInstanceOf(Usage.class);
  }

  @Test
  void theModelsNormalisationIsUsedAndNotTheFilesOwn() throws Exception {
    arrays.put("x", Samples.npy(Samples.counting(8, 3), 2, 2, 2));
    arrays.put("y", Samples.npy(new long[] {0, 1}, 2));
    Normalization figures = new Normalization(java.util.List.of(0.25), java.util.List.of(0.5));
    Schema model =
        new Schema(
            java.util.Optional.of(figures), java.util.List.of("cat", "dog"), java.util.List.of());
    Dataset data = DataSource.open(DataRequest.evaluate(request().data()).withRules(model));
    assertThat(data.schema()).isEqualTo(model);
    // a model without figures: bytes are only scaled to [0,1]
    Dataset plain =
        DataSource.open(DataRequest.evaluate(request().data()).withRules(Schema.plain(2)));
    assertThat(plain.schema().normalize().orElseThrow().byteScale()).containsExactly(1 / 255f);
    assertThat(plain.schema().normalize().orElseThrow().byteShift()[0]).isZero();
  }
}
