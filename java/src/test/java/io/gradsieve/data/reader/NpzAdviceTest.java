package io.gradsieve.data.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.Schema;
import io.gradsieve.data.SubsetWriter;
import io.gradsieve.format.rules.Normalization;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is refused, and what is told, of arrays that are not what they seem. */
class NpzAdviceTest {
  private static final long[] LABELS = {0, 1, 2, 1};

  @TempDir Path temp;
  private final Map<String, byte[]> arrays = new LinkedHashMap<>();

  private DataRequest request() throws Exception {
    return DataRequest.train(Samples.write(temp.resolve("d.npz"), Samples.npz(arrays)).toString());
  }

  private Dataset open() throws Exception {
    return DataSource.open(request());
  }

  private void refused(String... parts) throws Exception {
    DataRequest request = request();
    assertThatThrownBy(() -> DataSource.open(request))
        .isInstanceOf(BadData.class)
        .hasMessageContainingAll(parts);
  }

  private void named(String... names) throws Exception {
    arrays.clear();
    for (int i = 0; i < names.length; i++) {
      arrays.put(
          names[i],
          i % 2 == 0
              ? Samples.npy(Samples.counting(8, 3), 4, 2)
              : Samples.npy(LABELS, LABELS.length));
    }
  }

  /** An array whose header says another type; its bytes do not matter. */
  private static byte[] ofType(String descr, int bytes) {
    byte[] array = Samples.npy(new byte[4 * bytes], 4);
    String header = new String(array, StandardCharsets.ISO_8859_1);
    // the spaces at its end keep the header's length
    String other = header.replace("'|u1'", "'" + descr + "'");
    int more = other.length() - header.length();
    String padded =
        more < 0
            ? other.replaceFirst("\n", " ".repeat(-more) + "\n")
            : other.replaceFirst(" ".repeat(more) + "\n", "\n");
    return padded.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void namesOfOtherLibrariesAreAnsweredWithTheLineThatRenamesThem() throws Exception {
    named("x_train", "y_train", "x_test", "y_test");
    refused(
        "has no array x, but",
        "savez(new, x=d['x_train'], y=d['y_train'], x_test=d['x_test'], y_test=d['y_test'])");
    named("X", "Y");
    refused("savez(new, x=d['X'], y=d['Y'])");
    named("X_train", "y_train");
    refused("savez(new, x=d['X_train'], y=d['y_train'])");
    named("data", "labels");
    refused("savez(new, x=d['data'], y=d['labels'])");
    named("train_images", "train_labels", "test_images", "test_labels");
    refused("x=d['train_images'], y=d['train_labels'], x_test=d['test_images']");
    named("arr_0", "arr_1");
    refused("savez(new, x=d['arr_0'], y=d['arr_1'])");
    named("x", "labels");
    refused("has no array y, but", "savez(new, x=d['x'], y=d['labels'])");
    named("x", "y", "x_test", "test_labels");
    refused("has no array y_test, but", "y_test=d['test_labels'])");
    named("x", "y", "x_test");
    refused("has no array y_test, but", "save the labels of x_test as well, or leave x_test out");
    named("foo", "bar");
    refused("'bar', 'foo'", "savez(file, x=x, y=y)");
  }

  @Test
  void arraysThatAreNotReadAreTold() throws Exception {
    named("x", "y", "x_val", "y_val");
    assertThat(open().remarks()).hasSize(1);
    assertThat(open().remarks().get(0)).contains("'x_val', 'y_val' not read");
    named("x", "y", "x_test", "y_test");
    assertThat(open().remarks()).isEmpty();
  }

  @Test
  void typesThatAreNotReadSayWhatNumpyTurnsThemInto() throws Exception {
    arrays.put("x", Samples.npy(Samples.counting(8, 3), 4, 2));
    for (String descr : List.of("<U1", "|S4", "<U12")) {
      arrays.put("y", ofType(descr, 48));
      refused("y.npy", descr, "numpy.unique(y, return_inverse=True)[1]");
    }
    arrays.put("y", ofType("|O", 1));
    refused("y.npy", "Python objects", "numpy.unique(y.astype(str), return_inverse=True)[1]");
    arrays.put("y", Samples.npy(new float[12], 4, 3));
    refused("y.npy", "[4, 3]", "y.argmax(axis=1)");
    arrays.put("y", Samples.npy(new float[] {0, 1, 2.5f, 1}, 4));
    refused("row 2: label 2.5", "class indices", "quantities");
    arrays.put("y", Samples.npy(new long[] {-1, 1, 1, -1}, 4));
    refused("row 0: label -1", "numpy.unique(y, return_inverse=True)[1]");
    arrays.put("y", Samples.npy(LABELS, 4));
    arrays.put("x", ofType("<f2", 2));
    refused("x.npy", "'<f2'", ".astype('float32')");
    arrays.put("x", ofType("|O", 1));
    refused("x.npy", "Python objects", "numpy.stack(list(x)).astype('float32')");
    arrays.put("x", ofType("<M8[ns]", 8));
    refused("x.npy", "dates", "numpy.timedelta64");
    arrays.put("x", ofType("<c8", 8));
    refused("x.npy", "complex", "numpy.abs(x)");
    arrays.put("x", Samples.npy(new long[8], 4, 2));
    refused("x.npy", "int64", ".astype");
  }

  @Test
  void labelsThatHardlyMakeClassesAreTold() throws Exception {
    arrays.put("x", Samples.npy(Samples.counting(120, 7), 60, 2));
    arrays.put("y", Samples.npy(LongStream.range(0, 60).map(i -> i * 17).toArray(), 60));
    assertThat(open().remarks().get(0)).contains("warning: ", "60 different labels in 60 rows");
    arrays.put("y", Samples.npy(LongStream.range(0, 60).map(i -> i % 3 * 17).toArray(), 60));
    assertThat(open().remarks().get(0)).contains("3 different labels up to 34", "numpy.unique");
    arrays.put("y", Samples.npy(LongStream.range(0, 60).map(i -> i % 3 + 1).toArray(), 60));
    assertThat(open().remarks().get(0)).contains("from 1 to 3", "y - 1");
    DataRequest model = DataRequest.evaluate(request().data()).withRules(Schema.plain(4));
    assertThat(DataSource.open(model).remarks()).isEmpty();
  }

  @Test
  void imagesOfAnyTypeAreReadByOneRuleAndAGuessIsTold() throws Exception {
    arrays.put("y", Samples.npy(LABELS, 4));
    byte[] bytes = Samples.counting(4 * 5 * 5 * 3, 7);
    float[] floats = new float[bytes.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = bytes[i];
    }
    for (byte[] x : List.of(Samples.npy(bytes, 4, 5, 5, 3), Samples.npy(floats, 4, 5, 5, 3))) {
      arrays.put("x", x);
      assertThat(open().shape()).isEqualTo(new SampleShape(3, 5, 5));
      assertThat(open().remarks()).hasSize(1);
      assertThat(open().remarks().get(0))
          .contains("[4, 5, 5, 3]: read as height, width, channels", "x.transpose(0, 1, 3, 2)");
    }
    // floats in the file's order are [H][W][C] already
    ByteBuffer sample = ByteBuffer.allocate(4 * 75).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    open().copy(1, sample, 0);
    for (int i = 0; i < 75; i++) {
      assertThat(sample.getFloat(4 * i)).isEqualTo(floats[75 + i]);
    }
    byte[] rgba = Samples.counting(4 * 5 * 5 * 4, 7);
    arrays.put("x", Samples.npy(rgba, 4, 5, 5, 4));
    assertThat(open().shape()).isEqualTo(new SampleShape(4, 5, 5));
    arrays.put("x", Samples.npy(rgba, 4, 4, 5, 5));
    assertThat(open().shape()).isEqualTo(new SampleShape(4, 5, 5));
    assertThat(open().remarks()).isEmpty();
  }

  @Test
  void whatIsKeptOfImagesIsReadBackTheSame() throws Exception {
    arrays.put("y", Samples.npy(LABELS, 4));
    byte[] x = Samples.counting(4 * 60, 7);
    for (long[] shape :
        new long[][] {
          {4, 5, 4, 3},
          {4, 3, 5, 4},
          {4, 4, 5, 3},
          {4, 5, 3, 4},
          {4, 3, 4, 5},
          {4, 10, 6, 1},
          {4, 12, 5},
          {4, 60},
          {4, 1, 12, 5},
          {4, 5, 6, 2}
        }) {
      arrays.put("x", Samples.npy(x, shape));
      Dataset data = open();
      Path out = temp.resolve("kept.npz");
      SubsetWriter.write(request().data(), data, new int[] {3, 2}, out);
      Dataset kept = DataSource.open(DataRequest.train(out.toString()));
      assertThat(kept.shape()).isEqualTo(data.shape());
      byte[] before = new byte[60];
      byte[] after = new byte[60];
      data.copy(2, ByteBuffer.wrap(before), 0);
      kept.copy(1, ByteBuffer.wrap(after), 0);
      assertThat(after).isEqualTo(before);
    }
  }

  @Test
  void aFeatureThatNeverVariesIsStandardisedAwayIfItIsAByteElseTold() throws Exception {
    arrays.put("y", Samples.npy(LABELS, 4));
    arrays.put("x", Samples.npy(new byte[] {5, 0, 9, 0, 7, 0, 1, 0}, 4, 2));
    Normalization figures = open().schema().normalize().orElseThrow();
    // a later 255 becomes next to nothing
    assertThat(255 * figures.byteScale()[1] + figures.byteShift()[1]).isBetween(0f, 1e-20f);
    assertThat(open().remarks()).isEmpty();
    arrays.put("x", Samples.npy(new float[] {5, 0, 9, 0, 7, 0, 1, 0}, 4, 2));
    assertThat(open().remarks()).hasSize(1);
    assertThat(open().remarks().get(0)).contains("warning: ", "1 of the 2 columns", "is 1");
  }
}
