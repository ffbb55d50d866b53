package io.gradsieve.data.reader;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.Mutations;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Schema;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever bytes a file has, reading it gives a data set or one line of {@link BadData}. */
class ReaderFuzzTest {
  private static final int INPUTS = 500;

  /**
   * The limit that a small file could not reach honestly: a data set it makes has at most this
   * size.
   */
  private static final long MOST_BYTES = 1 << 26;

  @TempDir Path temp;

  private interface Fixture {
    /** Writes a damaged set and returns what {@code --data} names. */
    Path write(Mutations mutations) throws Exception;
  }

  private static void fuzz(String name, Fixture fixture) {
    new Fuzz(name, BadData.class)
        .run(
            INPUTS,
            mutations -> {
              String path = fixture.write(mutations).toString();
              DataRequest request =
                  mutations.choose(2) == 0
                      ? DataRequest.train(path)
                      : DataRequest.predict(path, Schema.plain(2));
              Dataset data = DataSource.open(request);
              assertThat((long) data.size() * data.sampleBytes()).isLessThan(MOST_BYTES);
            });
  }

  @Test
  void idx() throws Exception {
    byte[] images = Samples.idx(Samples.counting(5 * 12, 3), 5, 3, 4);
    byte[] labels = Samples.idx(new byte[] {0, 1, 2, 1, 0}, 5);
    Path directory = temp.resolve("idx.d");
    fuzz(
        "idx.d",
        mutations -> {
          boolean zipped = mutations.choose(2) == 0;
          boolean inImages = mutations.choose(2) == 0;
          byte[] bad = inImages ? mutations.damaged(images) : images;
          byte[] badLabels = inImages ? labels : mutations.damaged(labels);
          byte[] file = zipped ? Samples.gzip(bad) : bad;
          Files.createDirectories(directory);
          Files.deleteIfExists(
              directory.resolve("train-images-idx3-ubyte" + (zipped ? "" : ".gz")));
          Files.write(
              directory.resolve("train-images-idx3-ubyte" + (zipped ? ".gz" : "")),
              mutations.choose(5) == 0 ? mutations.damaged(file) : file);
          Files.write(directory.resolve("train-labels-idx1-ubyte"), badLabels);
          return directory;
        });
  }

  @Test
  void cifar() throws Exception {
    byte[] record = Samples.cifar(3, 7);
    byte[] two = java.util.Arrays.copyOf(record, 2 * record.length);
    Path directory = temp.resolve("cifar.d");
    fuzz(
        "cifar.d",
        mutations -> {
          Samples.write(directory.resolve("data_batch_1.bin"), mutations.damaged(two));
          return directory;
        });
  }

  @Test
  void npz() throws Exception {
    Map<String, byte[]> arrays = new LinkedHashMap<>();
    arrays.put("x.npy", Samples.npy(Samples.counting(4 * 12, 5), 4, 1, 3, 4));
    arrays.put("y.npy", Samples.npy(new long[] {0, 1, 1, 0}, 4));
    arrays.put("x_test.npy", Samples.npy(Samples.counting(2 * 12, 5), 2, 1, 3, 4));
    arrays.put("y_test.npy", Samples.npy(new float[] {0, 1}, 2));
    Path file = temp.resolve("f.npz");
    List<String> names = List.copyOf(arrays.keySet());
    byte[] whole = Samples.zip(arrays);
    fuzz(
        "f.npz",
        mutations -> {
          if (mutations.choose(3) == 0) {
            return Files.write(file, fromEnd(mutations, whole));
          }
          Map<String, byte[]> bad = new LinkedHashMap<>(arrays);
          bad.computeIfPresent(mutations.choose(names), (name, array) -> mutations.damaged(array));
          return Files.write(file, Samples.zip(bad));
        });
  }

  /** Damages the archive, its directory at the end as often as its beginning. */
  private static byte[] fromEnd(Mutations mutations, byte[] zip) {
    if (mutations.choose(2) == 0) {
      return mutations.damaged(zip);
    }
    int tail = Math.min(zip.length, 250);
    byte[] bad =
        mutations.damaged(java.util.Arrays.copyOfRange(zip, zip.length - tail, zip.length));
    byte[] all = java.util.Arrays.copyOf(zip, zip.length - tail + bad.length);
    System.arraycopy(bad, 0, all, zip.length - tail, bad.length);
    return all;
  }

  @Test
  void csv() throws Exception {
    String table =
        "id,age,city,label\na,1.5,Rome,yes\nb,-2e3,\"Os,lo\",no\n\"c\"\"d\",6,Rome,no\ne,7,é,yes\n";
    byte[] zipped = Samples.gzip(table.getBytes(StandardCharsets.UTF_8));
    Path plain = temp.resolve("f.csv");
    Path packed = temp.resolve("f.csv.gz");
    fuzz(
        "f.csv",
        mutations ->
            mutations.choose(4) == 0
                ? Files.write(packed, mutations.damaged(zipped))
                : Files.write(plain, mutations.damaged(table)));
  }

  @Test
  void images() throws Exception {
    Path directory = temp.resolve("images.d");
    List<byte[]> good =
        List.of(
            Samples.image("png", 6, 5, 1, true),
            Samples.image("jpg", 6, 5, 1, true),
            Samples.image("png", 6, 5, 1, false),
            Samples.image("jpg", 6, 5, 1, false));
    Samples.write(directory.resolve("train/a/1.png"), good.get(0));
    fuzz(
        "images.d",
        mutations ->
            Samples.write(
                    directory.resolve("train/b/1.png"), mutations.damaged(mutations.choose(good)))
                .getParent()
                .getParent()
                .getParent());
  }

  @Test
  void imagesInZip() throws Exception {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("train/a/1.png", Samples.image("png", 6, 5, 1, true));
    entries.put("train/b/1.jpg", Samples.image("jpg", 6, 5, 2, true));
    byte[] zip = Samples.zip(entries);
    Path file = temp.resolve("f.zip");
    fuzz("f.zip", mutations -> Files.write(file, fromEnd(mutations, zip)));
  }
}
