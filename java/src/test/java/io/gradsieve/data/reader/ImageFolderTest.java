package io.gradsieve.data.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.Schema;
import io.gradsieve.format.rules.Normalization;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
  @TempDir Path temp;
  private final Map<String, byte[]> files = new LinkedHashMap<>();

  @BeforeEach
  void images() throws IOException {
    files.put("train/10/b.png", Samples.image("png", 4, 3, 1, true));
    files.put("train/9/z.PNG", Samples.image("png", 4, 3, 2, true));
    files.put("train/9/a.jpg", Samples.image("jpg", 4, 3, 3, true));
    files.put("test/9/a.png", Samples.image("png", 4, 3, 1, true));
    files.put("train/9/notes.txt", new byte[] {1});
    files.put("train/.hidden/x.png", new byte[] {1});
    files.put("__MACOSX/train/9/._a.png", new byte[] {1});
  }

  private Path directory() throws IOException {
    Path directory = Files.createTempDirectory(temp, "images");
    for (var file : files.entrySet()) {
      Samples.write(directory.resolve(file.getKey()), file.getValue());
    }
    return directory;
  }

  private Dataset open() throws IOException {
    return DataSource.open(DataRequest.train(directory().toString()));
  }

  @Test
  void classesAreDirectoriesAndIdsArePaths() throws IOException {
    Path zip = Samples.write(temp.resolve("z.zip"), Samples.zip(files));
    for (Dataset data : List.of(open(), DataSource.open(DataRequest.train(zip.toString())))) {
      assertThat(data.shape()).isEqualTo(new SampleShape(3, 3, 4));
      assertThat(data.classes()).containsExactly("9", "10");
      assertThat(data.train()).containsExactly(0, 1, 2);
      assertThat(data.test()).containsExactly(3);
      assertThat(List.of(data.id(0), data.id(1), data.id(2), data.id(3)))
          .containsExactly("train/10/b.png", "train/9/a.jpg", "train/9/z.PNG", "test/9/a.png");
      assertThat(data.label(0)).isEqualTo(1);
      assertThat(data.index(3)).isZero();
      byte[] pixels = new byte[36];
      data.copy(0, ByteBuffer.wrap(pixels), 0);
      for (int i = 0; i < 12; i++) {
        for (int c = 0; c < 3; c++) {
          assertThat(pixels[3 * i + c]).isEqualTo((byte) (i * 3 + 1 + c * 50));
        }
      }
      assertThat(data.duplicates().inTest()).isEqualTo(1);
    }
  }

  @Test
  void aDirectoryAroundEverythingInAnArchiveDoesNotCount() throws IOException {
    Map<String, byte[]> inner = new LinkedHashMap<>();
    files.keySet().stream()
        .filter(n -> n.startsWith("t"))
        .forEach(n -> inner.put("set/" + n, files.get(n)));
    Path zip = Samples.write(temp.resolve("z.zip"), Samples.zip(inner));
    assertThat(DataSource.open(DataRequest.train(zip.toString())).id(0))
        .isEqualTo("train/10/b.png");
  }

  @Test
  void greyImagesHaveOneChannelUnlessTheModelWantsThree() throws IOException {
    files.clear();
    files.put("train/a/1.png", Samples.image("png", 5, 5, 1, false));
    files.put("train/b/1.png", Samples.image("png", 5, 5, 2, false));
    Path directory = directory();
    Dataset grey = DataSource.open(DataRequest.train(directory.toString()));
    assertThat(grey.shape()).isEqualTo(new SampleShape(1, 5, 5));
    Normalization figures = new Normalization(List.of(0.1, 0.2, 0.3), List.of(1.0, 1.0, 1.0));
    Schema colours = new Schema(java.util.Optional.of(figures), List.of("a", "b"), List.of());
    Dataset wide = DataSource.open(DataRequest.evaluate(directory.toString()).withRules(colours));
    assertThat(wide.shape()).isEqualTo(new SampleShape(3, 5, 5));
    byte[] one = new byte[25];
    byte[] three = new byte[75];
    grey.copy(1, ByteBuffer.wrap(one), 0);
    wide.copy(1, ByteBuffer.wrap(three), 0);
    for (int i = 0; i < 75; i++) {
      assertThat(three[i]).isEqualTo(one[i / 3]);
    }
  }

  @Test
  void aGreyModelRefusesColourImages() throws IOException {
    Schema grey =
        new Schema(
            java.util.Optional.of(new Normalization(List.of(0.5), List.of(1.0))),
            List.of("9", "10"),
            List.of());
    DataRequest request = DataRequest.evaluate(directory().toString()).withRules(grey);
    assertThatThrownBy(() -> DataSource.open(request))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("colour");
  }

  @Test
  void imagesOfAnotherSizeAreNamedWithTheFirst() throws IOException {
    for (int i = 0; i < 200; i++) {
      files.put(
          "train/9/m%03d.png".formatted(i), Samples.image("png", i < 100 ? 4 : 5, 3, i, true));
    }
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("100 images do not have 4x3 pixels, as ")
        .hasMessageContaining("train/10/b.png has: train/9/m100.png (5x3), train/9/m101.png (5x3)")
        .hasMessageEndingWith("train/9/m109.png (5x3) and 90 more; resize them to one size");
  }

  @Test
  void allUnreadableImagesAreNamedWhateverTheThreadsDo() throws IOException {
    for (int i = 0; i < 300; i++) {
      files.put("train/9/m%03d.png".formatted(i), Samples.image("png", 4, 3, i, true));
    }
    files.put("train/9/m250.png", new byte[] {1});
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageEndingWith(
            "/train/9/m250.png: is neither PNG nor JPEG; convert it to PNG or JPEG");
    files.put("train/9/m251.png", new byte[] {1});
    files.put("train/10/b.png", new byte[0]);
    files.put("train/9/m260.png", "GIF89a".getBytes(StandardCharsets.ISO_8859_1));
    files.put("test/9/a.png", Samples.image("png", 3, 4, 1, true));
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining(
            ": 4 images cannot be read: train/10/b.png: is empty, get it again; train/9/m250.png,"
                + " train/9/m251.png: is neither PNG nor JPEG; convert it to PNG or JPEG;"
                + " train/9/m260.png: is a GIF image; convert it to PNG or JPEG; 1 image does not"
                + " have 4x3 pixels, as ")
        .hasMessageEndingWith("/train/9/a.jpg has: test/9/a.png (3x4); resize them to one size");
  }

  @Test
  void ofManyUnreadableImagesTenAreNamedAndTheOthersCounted() throws IOException {
    files.clear();
    for (int i = 0; i < 99; i++) {
      files.put("train/%d/m%03d.png".formatted(i % 2, i), new byte[] {1});
    }
    assertThatThrownBy(this::open)
        .isInstanceOf(BadData.class)
        .hasMessageContaining(": 99 images cannot be read: train/0/m000.png, train/0/m002.png,")
        .hasMessageEndingWith(
            ", train/0/m018.png and 89 more: is neither PNG nor JPEG; convert it to PNG or JPEG");
  }

  @Test
  void aClassTheModelDoesNotHaveIsBadData() throws IOException {
    DataRequest request = DataRequest.evaluate(directory().toString()).withRules(Schema.plain(10));
    assertThatThrownBy(() -> DataSource.open(request))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("'10' is no class");
  }

  @Test
  void imagesAnywhereCanBePredicted() throws IOException {
    files.clear();
    files.put("b.png", Samples.image("png", 5, 5, 1, true));
    files.put("sub/a.png", Samples.image("png", 5, 5, 2, true));
    Path directory = directory();
    Dataset data = DataSource.open(DataRequest.predict(directory.toString(), Schema.plain(3)));
    assertThat(data.labelled()).isFalse();
    assertThat(data.id(0)).isEqualTo("b.png");
    assertThat(data.size()).isEqualTo(2);
    assertThatThrownBy(() -> DataSource.open(DataRequest.train(directory.toString())))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("train/<class>");
  }

  @Test
  void decodedImagesAreKeptAndADamagedCopyIsMadeAnew() throws IOException {
    Path directory = directory();
    ImageCache cache = new ImageCache(temp.resolve("cache"), 1);
    DataRequest request = DataRequest.train(directory.toString());
    Dataset first = read(directory, request, cache);
    Path file = only(temp.resolve("cache"));
    byte[] good = Files.readAllBytes(file);
    for (int position : new int[] {0, 5, 13, 30, good.length - 1}) {
      byte[] damaged = good.clone();
      damaged[position] ^= 4;
      Files.write(file, damaged);
      assertThat(pixels(read(directory, request, cache))).isEqualTo(pixels(first));
      assertThat(Files.readAllBytes(file)).isEqualTo(good);
    }
    Files.write(file, new byte[] {1, 2, 3});
    assertThat(pixels(read(directory, request, cache))).isEqualTo(pixels(first));
  }

  @Test
  void anImageThatChangedIsDecodedAgain() throws IOException {
    Path directory = directory();
    ImageCache cache = new ImageCache(temp.resolve("cache"), 1);
    DataRequest request = DataRequest.train(directory.toString());
    read(directory, request, cache);
    Path image = directory.resolve("train/10/b.png");
    Files.write(image, Samples.image("png", 4, 3, 99, true));
    Files.setLastModifiedTime(image, FileTime.fromMillis(1));
    byte[] pixel = new byte[36];
    read(directory, request, cache).copy(0, ByteBuffer.wrap(pixel), 0);
    assertThat(pixel[0]).isEqualTo((byte) 99);
  }

  @Test
  void aCacheThatCannotBeWrittenIsDoneWithout() throws IOException {
    Path blocked = Samples.write(temp.resolve("file"), new byte[0]);
    Dataset data =
        read(directory(), DataRequest.train("x"), new ImageCache(blocked.resolve("below"), 1));
    assertThat(data.size()).isEqualTo(4);
  }

  /** The JVM calls the home of a user whom the system does not know "?". */
  @Test
  void withoutAHomeNothingIsKept() {
    assertThat(ImageCache.ofUser(Map.of(), "?").keeps(ImageCache.LEAST_IMAGES)).isFalse();
    assertThat(ImageCache.ofUser(Map.of(), "/home/x").keeps(ImageCache.LEAST_IMAGES)).isTrue();
    assertThat(ImageCache.ofUser(Map.of("XDG_CACHE_HOME", "/c"), "?").keeps(2_000)).isTrue();
  }

  private static Dataset read(Path directory, DataRequest request, ImageCache cache) {
    try (ImageListing listing = ImageFolder.listing(directory, request)) {
      return ImageFolder.read(listing, "images", request, cache);
    }
  }

  private static Path only(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      List<Path> all = files.toList();
      assertThat(all).hasSize(1);
      return all.get(0);
    }
  }

  private static List<List<Byte>> pixels(Dataset data) {
    List<List<Byte>> all = new java.util.ArrayList<>();
    for (int i = 0; i < data.size(); i++) {
      byte[] sample = new byte[data.sampleBytes()];
      data.copy(i, ByteBuffer.wrap(sample), 0);
      List<Byte> list = new java.util.ArrayList<>();
      for (byte b : sample) {
        list.add(b);
      }
      all.add(list);
    }
    return all;
  }
}
