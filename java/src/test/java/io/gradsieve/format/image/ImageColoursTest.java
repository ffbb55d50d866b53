package io.gradsieve.format.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What samples mean, by markers and chunks; {@link PillowComparisonTest} has every combination. */
class ImageColoursTest {
  private static final int[] RED = {230, 20, 20};

  /** {@link #RED} as luminance and colour differences. */
  private static final int[] RED_YCC = {83, 93, 233};

  private static final int[] ORANGE = {200, 100, 50};
  private final ImageDecoder decoder = new ImageDecoder();

  @AfterEach
  void close() {
    decoder.close();
  }

  private ImageDecoder.Image decode(byte[] file) {
    return decoder.decode("f", file, (h, w) -> true).orElseThrow();
  }

  /** JPEG rounds: within 2. */
  private void hasColour(byte[] jpeg, int... colour) {
    byte[] pixels = decode(jpeg).pixels();
    assertThat(pixels).hasSize(3 * 256);
    for (int i = 0; i < pixels.length; i++) {
      assertThat(pixels[i] & 0xff).isBetween(colour[i % 3] - 2, colour[i % 3] + 2);
    }
  }

  private static byte[] named(byte[] jpeg, String names) {
    byte[] file = jpeg.clone();
    for (int at = 2; at < file.length - 1; at++) {
      int marker = file[at] == -1 ? file[at + 1] & 0xff : 0;
      for (int c = 0; c < names.length() && (marker == 0xc0 || marker == 0xda); c++) {
        file[marker == 0xc0 ? at + 10 + 3 * c : at + 5 + 2 * c] = (byte) names.charAt(c);
      }
    }
    return file;
  }

  @Test
  void threeComponentsAreWhatTheMarkersSay() throws IOException {
    byte[] ycc = TestImages.jpeg(RED_YCC);
    byte[] rgb = TestImages.jpeg(ORANGE);
    hasColour(TestImages.withJfif(ycc), RED);
    hasColour(TestImages.withAdobe(ycc, 1), RED);
    hasColour(TestImages.withAdobe(ycc, 2), RED);
    hasColour(TestImages.withAdobe(rgb, 0), ORANGE);
    hasColour(TestImages.withJfif(TestImages.withAdobe(ycc, 0)), RED);
  }

  @Test
  void withoutMarkersTheNamesOfThreeComponentsDecide() throws IOException {
    byte[] ycc = TestImages.jpeg(RED_YCC);
    hasColour(named(ycc, "\1\2\3"), RED);
    hasColour(named(ycc, "\0\1\2"), RED);
    hasColour(named(ycc, "YCc"), RED);
    hasColour(named(TestImages.jpeg(ORANGE), "RGB"), ORANGE);
    hasColour(TestImages.withJfif(named(ycc, "RGB")), RED);
  }

  @Test
  void fourComponentsAreInvertedInks() throws IOException {
    byte[] red = TestImages.jpeg(230, 20, 20, 255);
    hasColour(red, RED);
    hasColour(TestImages.withAdobe(red, 0), RED);
    hasColour(TestImages.jpeg(255, 255, 255, 128), 128, 128, 128);
    // YCCK: 255 - red as YCbCr
    hasColour(TestImages.withAdobe(TestImages.jpeg(172, 163, 23, 255), 2), RED);
  }

  @Test
  void oneComponentIsGrey() throws IOException {
    hasColour(TestImages.jpeg(77), 77, 77, 77);
    hasColour(TestImages.withJfif(TestImages.jpeg(77)), 77, 77, 77);
  }

  @Test
  void kindsOfJpegThatAreNotReadAreNamed() throws IOException {
    byte[] file = TestImages.jpeg(RED_YCC);
    int frame = frame(file);
    Map<Integer, String> kinds = new LinkedHashMap<>();
    kinds.put(0xc3, "a lossless JPEG, which is not read; save it as a baseline JPEG or a PNG");
    kinds.put(0xc9, "an arithmetic-coded JPEG");
    kinds.put(0xca, "an arithmetic-coded JPEG");
    kinds.put(0xc5, "a hierarchical JPEG");
    for (var kind : kinds.entrySet()) {
      byte[] changed = file.clone();
      changed[frame + 1] = (byte) (int) kind.getKey();
      refuses(changed, kind.getValue());
    }
    byte[] deep = file.clone();
    deep[frame + 4] = 12;
    refuses(deep, "a JPEG with 12 bits a value");
    byte[] two = file.clone();
    two[frame + 9] = 2;
    refuses(two, "a JPEG with 2 components");
  }

  private static int frame(byte[] file) {
    for (int at = 0; ; at++) {
      if (file[at] == -1 && file[at + 1] == (byte) 0xc0) {
        return at;
      }
    }
  }

  private void refuses(byte[] file, String what) {
    assertThatThrownBy(() -> decode(file))
        .isInstanceOf(BadData.class)
        .hasMessageStartingWith("f: is " + what);
  }

  @Test
  void aShapeInAlphaLiesOnWhite() throws IOException {
    ImageDecoder.Image black = decode(TestImages.halfTransparent(0));
    assertThat(black.transparent()).isTrue();
    assertThat(TestImages.values(Arrays.copyOf(black.pixels(), 12)))
        .containsExactly(0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255);
    refuses(TestImages.halfTransparent(0xffffff), "plain white once its transparency is laid on");
    refuses(TestImages.halfTransparent(0xfafafa), "plain white once");
  }

  @Test
  void anOpaqueImageHasNoTransparency() throws IOException {
    BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
    image.setRGB(0, 0, 0xff010203);
    image.setRGB(1, 0, 0xffffffff);
    ImageDecoder.Image found = decode(TestImages.encoded(image, "png"));
    assertThat(found.transparent()).isFalse();
    assertThat(found.pixels()).containsExactly(1, 2, 3, -1, -1, -1);
  }

  @Test
  void theTransparentColourOfAPngLiesOnWhite() throws IOException {
    BufferedImage image = new BufferedImage(3, 1, BufferedImage.TYPE_3BYTE_BGR);
    image.setRGB(0, 0, 0x010203);
    image.setRGB(1, 0, 0x010204);
    byte[] file =
        TestImages.withChunk(
            TestImages.encoded(image, "png"), "tRNS", new byte[] {0, 1, 0, 2, 0, 3});
    assertThat(decode(file).pixels()).containsExactly(-1, -1, -1, 1, 2, 4, 0, 0, 0);
  }

  /** Pixel i of 3x2 is i; where it lands for each orientation, row by row. */
  private static final int[][] TURNED = {
    {0, 1, 2, 3, 4, 5},
    {2, 1, 0, 5, 4, 3},
    {5, 4, 3, 2, 1, 0},
    {3, 4, 5, 0, 1, 2},
    {0, 3, 1, 4, 2, 5},
    {3, 0, 4, 1, 5, 2},
    {5, 2, 4, 1, 3, 0},
    {2, 5, 1, 4, 0, 3}
  };

  @Test
  void orientationIsAppliedAndSwapsTheSize() throws IOException {
    BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < 6; i++) {
      image.getRaster().setSample(i % 3, i / 3, 0, i);
    }
    byte[] png = TestImages.encoded(image, "png");
    for (int orientation = 1; orientation <= 8; orientation++) {
      byte[] file = TestImages.withChunk(png, "eXIf", TestImages.exif(orientation));
      ImageDecoder.Image found = decode(file);
      assertThat(found.height()).as("%d", orientation).isEqualTo(orientation < 5 ? 2 : 3);
      assertThat(found.width()).as("%d", orientation).isEqualTo(orientation < 5 ? 3 : 2);
      for (int i = 0; i < 6; i++) {
        assertThat(found.pixels()[3 * i])
            .as("%d: %d", orientation, i)
            .isEqualTo((byte) TURNED[orientation - 1][i]);
      }
      int rows = found.height();
      assertThat(decoder.decode("f", file, (h, w) -> h != rows)).isEmpty();
    }
  }

  @Test
  void orientationOfAJpegIsReadAndADamagedOnePassedOver() throws IOException {
    byte[] jpeg = TestImages.encoded(new BufferedImage(20, 9, BufferedImage.TYPE_BYTE_GRAY), "jpg");
    byte[] block = ByteBuffer.allocate(32).put(latin("Exif\0\0")).put(TestImages.exif(6)).array();
    assertThat(decode(TestImages.withSegment(jpeg, 0xe1, block)).height()).isEqualTo(20);
    for (int length = 6; length < 26; length++) {
      byte[] cut = Arrays.copyOf(block, length);
      assertThat(decode(TestImages.withSegment(jpeg, 0xe1, cut)).height()).isEqualTo(9);
    }
  }

  @Test
  void deepImagesTellTheirBitsAndTheirLargestValue() throws IOException {
    byte[] file = TestImages.deepGrey(4095);
    ImageDecoder.Image plain = decode(file);
    assertThat(plain.significantBits()).isEqualTo(16);
    assertThat(plain.largest()).isEqualTo(4095);
    assertThat(plain.pixels()[33]).isEqualTo((byte) 15);
    byte[] stated = TestImages.withChunk(file, "sBIT", new byte[] {12});
    assertThat(decode(stated).significantBits()).isEqualTo(12);
    try (ImageDecoder twelve = new ImageDecoder(12)) {
      byte[] pixels = twelve.decode("f", stated, (h, w) -> true).orElseThrow().pixels();
      assertThat(pixels[33]).isEqualTo((byte) 255);
    }
    ImageDecoder.Image shallow =
        decode(TestImages.encoded(new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_GRAY), "png"));
    assertThat(shallow.significantBits()).isZero();
  }

  @Test
  void whatIsNeitherPngNorJpegIsNamed() {
    Map<String, String> heads = new LinkedHashMap<>();
    heads.put("GIF89a", "a GIF image; convert it to PNG or JPEG");
    heads.put("RIFF\1\2\3\4WEBPVP8 ", "a WebP image");
    heads.put("BM\1\2", "a BMP image");
    heads.put("II*\0", "a TIFF image");
    heads.put("MM\0*", "a TIFF image");
    heads.put("\0\0\0\30ftypheic", "a HEIC image");
    heads.put("\0\0\0\30ftypmif1", "a HEIC image");
    heads.put("\0\0\0\30ftypavif", "an AVIF image");
    heads.put("\0\0\0\30ftypisom", "a video");
    heads.put("\u00ff\nxx", "a JPEG XL image");
    heads.put("\n<!DOCTYPE html><html>", "a web page; get the image itself");
    heads.put("version https://git-lfs.github.com/spec/v1", "a Git LFS pointer; run git lfs pull");
    heads.put("hello", "neither PNG nor JPEG; convert it to PNG or JPEG");
    heads.forEach((head, what) -> refuses(latin(head), what));
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
