package io.gradsieve.data.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Schema;
import io.gradsieve.format.image.TestImages;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing of an image folder is left out, guessed or darkened without a word. */
class LeftOutFilesTest {
  @TempDir Path temp;
  private final Map<String, byte[]> files = new LinkedHashMap<>();

  @BeforeEach
  void twoClasses() throws IOException {
    files.put("train/a/1.png", Samples.image("png", 4, 3, 1, true));
    files.put("train/b/1.JPG", Samples.image("jpg", 4, 3, 2, true));
  }

  private Path directory() throws IOException {
    Path directory = Files.createTempDirectory(temp, "images");
    for (var file : files.entrySet()) {
      Samples.write(directory.resolve(file.getKey()), file.getValue());
    }
    return directory;
  }

  private Path zip() throws IOException {
    return Samples.write(temp.resolve("z.zip"), Samples.zip(files));
  }

  private static List<String> remarks(Path data) {
    return DataSource.open(DataRequest.train(data.toString())).remarks();
  }

  /** In a directory and in an archive. */
  private void remarks(String... expected) throws IOException {
    assertThat(remarks(directory())).containsExactly(expected);
    assertThat(remarks(zip())).containsExactly(expected);
  }

  private void put(String... paths) {
    for (String path : paths) {
      files.put(path, new byte[] {1});
    }
  }

  @Test
  void aFolderOfNothingElseHasNothingToSay() throws IOException {
    remarks();
  }

  @Test
  void aTrainingPartOfAnotherNameIsNamedWhereNoneIsFound() throws IOException {
    byte[] image = files.get("train/a/1.png");
    files.clear();
    files.put("Training/a/1.png", image);
    files.put("Test/a/1.png", image);
    Path data = directory();
    assertThatThrownBy(() -> remarks(data))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("has no training part")
        .hasMessageContaining("left out Training/");
  }

  @Test
  void hiddenFilesAndThoseOfSystemsPassWithoutAWord() throws IOException {
    put("train/.x/1.png", ".DS_Store", "train/a/.1.webp", "train/a/Thumbs.db", "train/thumbs.db");
    put("__MACOSX/train/a/._1.png", "train/b/desktop.ini", ".git/config");
    remarks();
  }

  @Test
  void imagesOfOtherFormatsAreCountedAndNamed() throws IOException {
    put("train/a/2.webp", "train/a/3.BMP", "train/b/4.tif", "train/b/5.gif", "train/b/6.tiff");
    remarks(
        "warning: left out 5 images of other formats: train/a/2.webp, train/a/3.BMP, train/b/4.tif"
            + " and 2 more; convert them to PNG or JPEG");
  }

  @Test
  void looseImagesAreNamed() throws IOException {
    files.put("train/loose.png", files.get("train/a/1.png"));
    files.put("top.png", files.get("train/a/1.png"));
    remarks(
        "warning: left out 2 images in no class directory: top.png, train/loose.png; move them to"
            + " train/<class>/ or test/<class>/");
  }

  @Test
  void aValidationFolderIsNamedWithWhatToDo() throws IOException {
    for (String name : List.of("val", "valid", "Validation")) {
      files.keySet().removeIf(path -> path.startsWith("v") || path.startsWith("V"));
      files.put(name + "/a/1.png", files.get("train/a/1.png"));
      remarks(
          "warning: left out "
              + name
              + "/: only train/ and test/ are read; name it test/ to measure on it, or hold out a"
              + " part of train/ with --validation 0.1");
    }
  }

  @Test
  void otherDirectoriesAndFilesAreNamed() throws IOException {
    put("masks/a/1.png", "runs/x/log.txt", "README.md", "train/a/1.txt", "train/labels.csv");
    remarks(
        "left out masks/, runs/: only train/ and test/ are read",
        "left out 3 files that are no images: README.md, train/a/1.txt, train/labels.csv");
  }

  @Test
  void brokenLinksAndCirclesAreNamed() throws IOException {
    Path directory = directory();
    Files.createSymbolicLink(directory.resolve("train/a/x.png"), Path.of("nowhere"));
    Files.createSymbolicLink(directory.resolve("train/b/self"), directory.resolve("train/b"));
    Files.createSymbolicLink(directory.resolve("test"), Path.of("gone"));
    assertThat(remarks(directory))
        .containsExactly(
            "warning: left out 3 links leading nowhere: test, train/a/x.png, train/b/self; mend or"
                + " delete them");
  }

  @Test
  void aDirectoryTooDeepIsNamed() throws IOException {
    String deep = "train/a" + "/d".repeat(15);
    files.put(deep + "/e/1.png", files.get("train/a/1.png"));
    assertThat(remarks(directory()))
        .containsExactly(
            "warning: left out 1 directory too deep: " + deep + "; move their images up");
  }

  @Test
  void directoriesWithoutImagesAreNoClasses() throws IOException {
    put("train/only-webp/1.webp");
    Path directory = directory();
    Files.createDirectories(directory.resolve("train/empty"));
    Files.createDirectories(directory.resolve("train/a/inner"));
    Dataset data = DataSource.open(DataRequest.train(directory.toString()));
    assertThat(data.classes()).containsExactly("a", "b");
    assertThat(data.remarks())
        .contains(
            "warning: 2 directories without images, no class: train/empty, train/only-webp; fill or"
                + " delete them");
  }

  @Test
  void deeperImagesBelongToTheClassAbove() throws IOException {
    files.put("train/a/x/y.png", files.get("train/a/1.png"));
    remarks(
        "1 image deeper than train/<class>/ taken as of that class: train/a/x/y.png; a directory"
            + " that is a class of its own belongs directly into train/");
  }

  @Test
  void trainAndTestMayBeWrittenInAnyCase() throws IOException {
    files.clear();
    files.put("Train/a/1.png", Samples.image("png", 4, 3, 1, true));
    files.put("Train/b/1.JPEG", Samples.image("jpg", 4, 3, 2, true));
    files.put("TEST/b/1.png", Samples.image("png", 4, 3, 3, true));
    for (Path path : List.of(directory(), zip())) {
      Dataset data = DataSource.open(DataRequest.train(path.toString()));
      assertThat(data.train()).hasSize(2);
      assertThat(data.test()).hasSize(1);
      assertThat(data.id(0)).isEqualTo("Train/a/1.png");
      assertThat(data.classes()).containsExactly("a", "b");
    }
  }

  @Test
  void aClassThatIsOnlyInTheTestPartIsAWarning() throws IOException {
    files.put("test/a/1.png", files.get("train/a/1.png"));
    files.put("test/zebra/1.png", files.get("train/a/1.png"));
    files.put("test/zebra/2.png", files.get("train/a/1.png"));
    remarks(
        "warning: only the test part has samples of class 'zebra' (2), which a network can't learn;"
            + " give the training part some");
  }

  @Test
  void anIndexThatIsOnlyInTheTestPartIsAWarning() throws IOException {
    Map<String, byte[]> arrays = new LinkedHashMap<>();
    arrays.put("x.npy", Samples.npy(Samples.counting(4 * 12, 5), 4, 12));
    arrays.put("y.npy", Samples.npy(new long[] {0, 1, 1, 0}, 4));
    arrays.put("x_test.npy", Samples.npy(Samples.counting(2 * 12, 5), 2, 12));
    arrays.put("y_test.npy", Samples.npy(new long[] {0, 3}, 2));
    assertThat(remarks(Samples.write(temp.resolve("f.npz"), Samples.zip(arrays))))
        .contains(
            "warning: only the test part has samples of class '3' (1), which a network can't learn;"
                + " give the training part some");
  }

  @Test
  void aFolderWithoutImagesSaysWhatItHolds() throws IOException {
    files.clear();
    put("cat/1.png", "dog/1.png");
    assertThatThrownBy(() -> remarks(directory()))
        .isInstanceOf(BadData.class)
        .hasMessageContaining(
            "holds no images train/<class>/*.png or .jpg, no IDX and no CIFAR files; its"
                + " directories are cat/, dog/: move classes into train/");
    files.clear();
    put("train/a/1.webp", "train/b/2.webp");
    assertThatThrownBy(() -> remarks(zip()))
        .isInstanceOf(BadData.class)
        .hasMessageContaining(
            "; left out 2 images of other formats: train/a/1.webp, train/b/2.webp");
  }

  @Test
  void withoutLabelsImagesAnywhereAreReadAndOthersNamed() throws IOException {
    files.clear();
    files.put("x.png", Samples.image("png", 4, 3, 1, true));
    files.put("deep/down/y.jpg", Samples.image("jpg", 4, 3, 1, true));
    put("deep/z.webp");
    for (Path path : List.of(directory(), zip())) {
      Dataset data = DataSource.open(DataRequest.predict(path.toString(), Schema.plain(2)));
      assertThat(data.size()).isEqualTo(2);
      assertThat(data.remarks())
          .containsExactly(
              "warning: left out 1 image of other formats: deep/z.webp; convert them to PNG or"
                  + " JPEG");
    }
  }

  @Test
  void transparencyIsToldAlsoFromTheCache() throws IOException {
    files.put("train/a/2.png", TestImages.halfTransparent(0));
    files.put("train/b/é.png", TestImages.halfTransparent(0x102030));
    Path directory = directory();
    for (int run = 0; run < 2; run++) {
      DataRequest request = DataRequest.train(directory.toString());
      try (ImageListing listing = ImageFolder.listing(directory, request)) {
        Dataset data =
            ImageFolder.read(listing, "x", request, new ImageCache(temp.resolve("cache"), 1));
        assertThat(data.remarks())
            .containsExactly(
                "2 images have transparency, laid on white: train/a/2.png, train/b/é.png");
      }
    }
  }

  @Test
  void deepImagesInALowRangeAreAWarning() throws IOException {
    files.put("train/a/1.png", TestImages.deepGrey(4095));
    files.put("train/b/1.JPG", TestImages.deepGrey(60000));
    remarks(
        "warning: 1 16-bit image has no value above 16383 of 65535, so dark or black in 8 bits:"
            + " train/a/1.png; scale them to the full range, or state their bits in a chunk sBIT");
  }

  @Test
  void deepImagesThatStateTheirBitsAreReadByThem() throws IOException {
    files.put(
        "train/a/1.png", TestImages.withChunk(TestImages.deepGrey(4095), "sBIT", new byte[] {12}));
    files.put(
        "train/b/1.JPG", TestImages.withChunk(TestImages.deepGrey(300), "sBIT", new byte[] {12}));
    remarks(
        "2 16-bit images are read as of 12 bits, which their sBIT chunks say and no value exceeds:"
            + " train/a/1.png, train/b/1.JPG");
    assertThat(brightest(directory())).isEqualTo(255);
  }

  /**
   * A file that keeps to the specification is scaled already, and one dark image changes nothing.
   */
  @Test
  void deepImagesThatExceedTheBitsTheyStateAreScaledAlready() throws IOException {
    files.put(
        "train/a/1.png", TestImages.withChunk(TestImages.deepGrey(4095), "sBIT", new byte[] {12}));
    files.put(
        "train/b/1.JPG", TestImages.withChunk(TestImages.deepGrey(65535), "sBIT", new byte[] {12}));
    assertThat(brightest(directory())).isEqualTo(15);
  }

  /** The brightest value of the first image. */
  private static int brightest(Path directory) {
    Dataset data = DataSource.open(DataRequest.train(directory.toString()));
    byte[] pixels = new byte[data.sampleBytes()];
    data.copy(0, ByteBuffer.wrap(pixels), 0);
    return pixels[pixels.length - 1] & 0xff;
  }
}
