package io.gradsieve.format.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ImageDecoderTest {
  private final ImageDecoder decoder = new ImageDecoder();

  @AfterEach
  void close() {
    decoder.close();
  }

  static byte[] encoded(BufferedImage image, String format) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, format, out)).isTrue();
    return out.toByteArray();
  }

  private ImageDecoder.Image decode(byte[] file) {
    return decoder.decode("f", file, (h, w) -> true).orElseThrow();
  }

  @Test
  void coloursOfAPngAreItsBytes() throws IOException {
    for (int type :
        new int[] {
          BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_3BYTE_BGR, BufferedImage.TYPE_INT_ARGB
        }) {
      BufferedImage image = new BufferedImage(5, 3, type);
      for (int i = 0; i < 15; i++) {
        image.setRGB(i % 5, i / 5, 0xff000000 | i << 16 | (i + 100) << 8 | (i + 200));
      }
      ImageDecoder.Image found = decode(encoded(image, "png"));
      assertThat(found.height()).isEqualTo(3);
      assertThat(found.width()).isEqualTo(5);
      for (int i = 0; i < 15; i++) {
        assertThat(Arrays.copyOfRange(found.pixels(), 3 * i, 3 * i + 3))
            .containsExactly((byte) i, (byte) (i + 100), (byte) (i + 200));
      }
    }
  }

  @Test
  void greyValuesStayAsTheyAre() throws IOException {
    BufferedImage grey = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
    BufferedImage deep = new BufferedImage(16, 16, BufferedImage.TYPE_USHORT_GRAY);
    for (int i = 0; i < 256; i++) {
      grey.getRaster().setSample(i % 16, i / 16, 0, i);
      deep.getRaster().setSample(i % 16, i / 16, 0, i << 8 | 77);
    }
    for (BufferedImage image : new BufferedImage[] {grey, deep}) {
      byte[] pixels = decode(encoded(image, "png")).pixels();
      for (int i = 0; i < 256; i++) {
        assertThat(pixels[3 * i] & 0xff).isEqualTo(i);
        assertThat(pixels[3 * i + 2] & 0xff).isEqualTo(i);
      }
    }
  }

  @Test
  void blackAndWhiteBecomes0And255() throws IOException {
    BufferedImage image = new BufferedImage(3, 1, BufferedImage.TYPE_BYTE_BINARY);
    image.setRGB(1, 0, 0xffffffff);
    assertThat(decode(encoded(image, "png")).pixels())
        .containsExactly(0, 0, 0, -1, -1, -1, 0, 0, 0);
  }

  @Test
  void aPlainJpegHasItsColour() throws IOException {
    BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_3BYTE_BGR);
    for (int i = 0; i < 256; i++) {
      image.setRGB(i % 16, i / 16, 0xc86432);
    }
    byte[] pixels = decode(encoded(image, "jpg")).pixels();
    // JPEG rounds: one colour everywhere comes back within 2
    assertThat(pixels[0] & 0xff).isBetween(198, 202);
    assertThat(pixels[1] & 0xff).isBetween(98, 102);
    assertThat(pixels[2] & 0xff).isBetween(48, 52);
  }

  @Test
  void aTruncatedImageIsBadDataAndNotHalfAPicture() throws IOException {
    BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_3BYTE_BGR);
    for (int i = 0; i < 64 * 64; i++) {
      image.setRGB(i % 64, i / 64, i * 7919);
    }
    for (String format : new String[] {"png", "jpg"}) {
      byte[] file = encoded(image, format);
      for (int length : new int[] {0, 1, 2, 10, file.length / 2, file.length * 9 / 10}) {
        assertThatThrownBy(() -> decode(Arrays.copyOf(file, length)))
            .as("%s %d", format, length)
            .isInstanceOf(BadData.class)
            .hasMessageStartingWith("f: ");
      }
    }
  }

  @Test
  void aSizeTooLargeIsRefusedBeforeDecoding() throws IOException {
    byte[] file = encoded(new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB), "png");
    ByteBuffer header = ByteBuffer.wrap(file);
    header.putInt(16, 1_000_000_000).putInt(20, 1_000_000_000);
    CRC32 crc = new CRC32();
    crc.update(file, 12, 17);
    header.putInt(29, (int) crc.getValue());
    assertThatThrownBy(() -> decode(file))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("1000000000x1000000000");
  }

  @Test
  void aSizeThatIsNotWantedIsNotDecoded() throws IOException {
    byte[] file = encoded(new BufferedImage(4, 2, BufferedImage.TYPE_INT_RGB), "png");
    assertThat(decoder.decode("f", file, (h, w) -> h != 2 || w != 4)).isEmpty();
    assertThat(decode(file).width()).isEqualTo(4);
  }

  @Test
  void aBitFlippedAnywhereInAPngIsBadData() throws IOException {
    BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_3BYTE_BGR);
    for (int i = 0; i < 64; i++) {
      image.setRGB(i % 8, i / 8, i * 7919);
    }
    byte[] file = encoded(image, "png");
    for (int at = 0; at < file.length; at++) {
      byte[] flipped = file.clone();
      flipped[at] ^= 0x10;
      assertThatThrownBy(() -> decode(flipped)).as("byte %d", at).isInstanceOf(BadData.class);
    }
    for (int cut = 1; cut <= 12; cut++) {
      byte[] shorter = Arrays.copyOf(file, file.length - cut);
      assertThatThrownBy(() -> decode(shorter)).as("cut %d", cut).isInstanceOf(BadData.class);
    }
  }
}
