package io.gradsieve.format.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;

/** Small image files with chunks, markers and depths of one's choice, made in code. */
public final class TestImages {
  private TestImages() {}

  /** An image's bytes as the JDK writes them. */
  public static byte[] encoded(BufferedImage image, String format) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, format, out)).isTrue();
    return out.toByteArray();
  }

  /**
   * A JPEG of 16x16 pixels with the same stored samples everywhere, and no marker that explains
   * them.
   */
  static byte[] jpeg(int... samples) throws IOException {
    WritableRaster raster =
        Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 16, 16, samples.length, null);
    for (int i = 0; i < 256; i++) {
      raster.setPixel(i % 16, i / 16, samples);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    try (ImageOutputStream stream = ImageIO.createImageOutputStream(out)) {
      writer.setOutput(stream);
      writer.write(null, new IIOImage(raster, null, null), null);
    } finally {
      writer.dispose();
    }
    return new JpegFile("test", out.toByteArray()).samplesOnly();
  }

  /** A JPEG with another segment at its beginning. */
  static byte[] withSegment(byte[] jpeg, int marker, byte[] data) {
    return ByteBuffer.allocate(jpeg.length + data.length + 4)
        .put(jpeg, 0, 2)
        .put((byte) 0xff)
        .put((byte) marker)
        .putShort((short) (data.length + 2))
        .put(data)
        .put(jpeg, 2, jpeg.length - 2)
        .array();
  }

  static byte[] withJfif(byte[] jpeg) {
    return withSegment(jpeg, 0xe0, latin("JFIF\0\1\1\0\0\1\0\1\0\0"));
  }

  static byte[] withAdobe(byte[] jpeg, int transform) {
    return withSegment(jpeg, 0xee, latin("Adobe\0\144\0\0\0\0" + (char) transform));
  }

  /** An Exif block that holds an orientation and nothing else. */
  static byte[] exif(int orientation) {
    return ByteBuffer.allocate(26)
        .put(latin("MM\0*"))
        .putInt(8)
        .putShort((short) 1)
        .putShort((short) 0x0112)
        .putShort((short) 3)
        .putInt(1)
        .putShort((short) orientation)
        .array();
  }

  /** A PNG with another chunk after its header. */
  public static byte[] withChunk(byte[] png, String kind, byte[] data) {
    byte[] chunk =
        ByteBuffer.allocate(data.length + 12)
            .putInt(data.length)
            .put(latin(kind))
            .put(data)
            .array();
    CRC32 crc = new CRC32();
    crc.update(chunk, 4, data.length + 4);
    ByteBuffer.wrap(chunk).putInt(data.length + 8, (int) crc.getValue());
    int header = 8 + 25;
    return ByteBuffer.allocate(png.length + chunk.length)
        .put(png, 0, header)
        .put(chunk)
        .put(png, header, png.length - header)
        .array();
  }

  /** A grey PNG of 16 bits and 4x3 pixels, of values from 0 to {@code largest}. */
  public static byte[] deepGrey(int largest) throws IOException {
    BufferedImage image = new BufferedImage(4, 3, BufferedImage.TYPE_USHORT_GRAY);
    for (int i = 0; i < 12; i++) {
      image.getRaster().setSample(i % 4, i / 4, 0, largest * i / 11);
    }
    return encoded(image, "png");
  }

  /** A PNG of 4x3 pixels in one colour, opaque in its left half only. */
  public static byte[] halfTransparent(int colour) throws IOException {
    BufferedImage image = new BufferedImage(4, 3, BufferedImage.TYPE_INT_ARGB);
    for (int i = 0; i < 12; i++) {
      image.setRGB(i % 4, i / 4, colour & 0xffffff | (i % 4 < 2 ? 0xff000000 : 0));
    }
    return encoded(image, "png");
  }

  /** The first pixel's values, 0 to 255. */
  static int[] values(byte[] pixels) {
    int[] values = new int[pixels.length];
    Arrays.setAll(values, i -> pixels[i] & 0xff);
    return values;
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
