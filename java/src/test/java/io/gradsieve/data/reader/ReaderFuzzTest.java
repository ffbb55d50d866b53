package io.gradsieve.data.reader;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.GradsieveException.BadData;
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

/**
 * Whatever bytes a file has, reading it gives a data set or one line of {@link BadData}. More runs:
 * {@code -Dgradsieve.fuzz=N} multiplies them; another start: {@code -Dgradsieve.fuzz.seed=S}. A
 * failure names the seed that alone makes it again.
 */
class ReaderFuzzTest {
  private static final int RUNS = 250 * Integer.getInteger("gradsieve.fuzz", 1);
  private static final long SEED = Long.getLong("gradsieve.fuzz.seed", 1);

  /**
   * The limit that a small file could not reach honestly: a data set it makes has at most this
   * size.
   */
  private static final long MOST_BYTES = 1 << 26;

  @TempDir Path temp;

  private interface Fixture {
    /** Writes a damaged set and returns what {@code --data} names. */
    Path write(Mutations mutations, long seed) throws Exception;
  }

  private void fuzz(Fixture fixture) throws Exception {
    int whole = 0;
    for (int run = 0; run < RUNS; run++) {
      long seed = SEED + run;
      Path path = fixture.write(new Mutations(seed), seed);
      whole += open(DataRequest.train(path.toString()), seed);
      whole += open(DataRequest.predict(path.toString(), Schema.plain(2)), seed);
    }
    // all fine would mean that nothing was damaged
    assertThat(whole).isLessThan(2 * RUNS);
  }

  private static int open(DataRequest request, long seed) {
    try {
      Dataset data = DataSource.open(request);
      assertThat((long) data.size() * data.sampleBytes()).isLessThan(MOST_BYTES);
      return 1;
    } catch (BadData e) {
      assertThat(e.getMessage()).as("seed %d", seed).isNotBlank().doesNotContain("\n", "\r");
      return 0;
    } catch (RuntimeException | Error e) {
      throw new AssertionError("seed " + seed + ", " + request.purpose(), e);
    }
  }

  @Test
  void idx() throws Exception {
    byte[] images = Samples.idx(Samples.counting(5 * 12, 3), 5, 3, 4);
    byte[] labels = Samples.idx(new byte[] {0, 1, 2, 1, 0}, 5);
    Path directory = temp.resolve("idx.d");
    fuzz(
        (mutations, seed) -> {
          boolean zipped = seed % 2 == 0;
          byte[] bad = seed % 4 < 2 ? mutations.damaged(images) : images;
          byte[] badLabels = seed % 4 < 2 ? labels : mutations.damaged(labels);
          byte[] file = zipped ? Samples.gzip(bad) : bad;
          Files.createDirectories(directory);
          Files.deleteIfExists(
              directory.resolve("train-images-idx3-ubyte" + (zipped ? "" : ".gz")));
          Files.write(
              directory.resolve("train-images-idx3-ubyte" + (zipped ? ".gz" : "")),
              seed % 5 == 0 ? mutations.damaged(file) : file);
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
        (mutations, seed) -> {
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
    fuzz(
        (mutations, seed) -> {
          Map<String, byte[]> bad = new LinkedHashMap<>(arrays);
          if (seed % 3 > 0) {
            String name = names.get((int) (seed % names.size()));
            bad.put(name, mutations.damaged(bad.get(name)));
          }
          byte[] zip = Samples.zip(bad);
          return Files.write(file, seed % 3 == 0 ? fromEnd(mutations, zip, seed) : zip);
        });
  }

  /** Damages the archive, its directory at the end as often as its beginning. */
  private static byte[] fromEnd(Mutations mutations, byte[] zip, long seed) {
    if (seed % 2 == 0) {
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
    byte[] table =
        "id,age,city,label\na,1.5,Rome,yes\nb,-2e3,\"Os,lo\",no\n\"c\"\"d\",6,Rome,no\ne,7,é,yes\n"
            .getBytes(StandardCharsets.UTF_8);
    Path plain = temp.resolve("f.csv");
    Path packed = temp.resolve("f.csv.gz");
    fuzz(
        (mutations, seed) ->
            seed % 4 == 0
                ? Files.write(packed, mutations.damaged(Samples.gzip(table)))
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
        (mutations, seed) ->
            Samples.write(
                    directory.resolve("train/b/1.png"),
                    mutations.damaged(good.get((int) (seed % 4))))
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
    fuzz((mutations, seed) -> Files.write(file, fromEnd(mutations, zip, seed)));
  }
}
