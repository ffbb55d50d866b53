package io.gradsieve.format.image;

import io.gradsieve.GradsieveException.BadData;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import javax.imageio.ImageReader;

/**
 * The segments of a JPEG file before its first scan (ITU-T T.81, annex B); numbers are big-endian:
 *
 * <pre>
 * | 0xFF | marker, 1 | length with itself, 2 | data |
 * </pre>
 *
 * What its components mean follows libjpeg: with a JFIF marker three are YCbCr; else an Adobe
 * marker says RGB or YCbCr, CMYK or YCCK; without both, component names R, G, B are RGB, other
 * three are YCbCr, four are CMYK. Subsampling plays no part.
 */
final class JpegFile implements EncodedImage {
  private static final int START = 0xd8;
  private static final int SCAN = 0xda;
  private static final int FRAMES = 0xc0;
  private static final int PROGRESSIVE = 0xc2;
  private static final int APPLICATION = 0xe0;
  private static final int COMMENT = 0xfe;
  private static final int LOSSLESS_LS = 0xf7;

  /** Data bytes that make a JFIF, an Adobe marker. */
  private static final int JFIF_BYTES = 14;

  private static final int ADOBE_BYTES = 12;
  private static final String EXIF = "Exif\0\0";

  /** Kinds of frames that are not read; the JDK's own readers differ in which they do. */
  private static final Map<Integer, String> REFUSED =
      Map.of(
          0xc3,
          "a lossless",
          0xc5,
          "a hierarchical",
          0xc6,
          "a hierarchical",
          0xc7,
          "a lossless hierarchical",
          0xc9,
          "an arithmetic-coded",
          0xca,
          "an arithmetic-coded",
          0xcb,
          "a lossless arithmetic-coded",
          0xcd,
          "a hierarchical arithmetic-coded",
          0xce,
          "a hierarchical arithmetic-coded",
          LOSSLESS_LS,
          "a lossless (JPEG-LS)");

  private final String name;
  private final byte[] file;
  private final ByteArrayOutputStream plain = new ByteArrayOutputStream();
  private int height = -1;
  private int width = -1;
  private byte[] names = {};
  private boolean jfif;
  private int adobeTransform = -1;
  private boolean exifSeen;
  private Orientation orientation = Orientation.UPRIGHT;

  /**
   * Throws {@link IllegalArgumentException} for a damaged file, saying where, and {@link BadData},
   * which begins with {@code name}, for a kind that is not read.
   */
  JpegFile(String name, byte[] file) {
    this.name = name;
    this.file = file;
    plain.write(0xff);
    plain.write(START);
    int at = 2;
    int marker = 0;
    while (marker != SCAN) {
      while (at + 1 < file.length && file[at] == -1 && file[at + 1] == -1) {
        at++;
      }
      if (at + 4 > file.length) {
        throw new IllegalArgumentException("it ends before its first scan");
      }
      marker = file[at + 1] & 0xff;
      int length = (file[at + 2] & 0xff) << 8 | file[at + 3] & 0xff;
      if (file[at] != -1 || length < 2 || length > file.length - at - 2) {
        throw new IllegalArgumentException("its segments are damaged");
      }
      segment(marker, at + 4, length - 2);
      boolean told = marker >= APPLICATION && marker < APPLICATION + 16 || marker == COMMENT;
      if (!told && marker != SCAN) {
        plain.write(file, at, length + 2);
      }
      at += marker == SCAN ? 0 : length + 2;
    }
    if (height < 0) {
      throw new IllegalArgumentException("it has no frame before its first scan");
    }
    plain.write(file, at, file.length - at);
  }

  private void segment(int marker, int at, int length) {
    if (REFUSED.containsKey(marker)) {
      throw refused(REFUSED.get(marker) + " JPEG");
    }
    if (marker >= FRAMES && marker <= PROGRESSIVE) {
      frame(ByteBuffer.wrap(file, at, length));
    } else if (marker == APPLICATION && length >= JFIF_BYTES && begins(at, "JFIF\0")) {
      jfif = true;
    } else if (marker == APPLICATION + 14 && length >= ADOBE_BYTES && begins(at, "Adobe")) {
      adobeTransform = file[at + 11] & 0xff;
    } else if (marker == APPLICATION + 1
        && !exifSeen
        && length > EXIF.length()
        && begins(at, EXIF)) {
      exifSeen = true;
      orientation = Orientation.ofExif(file, at + EXIF.length(), length - EXIF.length());
    }
  }

  private BadData refused(String what) {
    return new BadData(
        name + ": is " + what + ", which is not read; save it as a baseline JPEG or a PNG");
  }

  private boolean begins(int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    return Arrays.equals(
        file, at, Math.min(at + bytes.length, file.length), bytes, 0, bytes.length);
  }

  /** | bits 1 | height 2 | width 2 | components 1 | (name 1, sampling 1, table 1) … |. */
  private void frame(ByteBuffer data) {
    if (data.remaining() < 6) {
      throw new IllegalArgumentException("its frame is damaged");
    }
    int bits = data.get();
    if (bits != 8) {
      throw refused("a JPEG with " + bits + " bits a value");
    }
    height = data.getShort() & 0xffff;
    width = data.getShort() & 0xffff;
    names = new byte[data.get() & 0xff];
    if (names.length != 1 && names.length != 3 && names.length != 4) {
      throw refused("a JPEG with " + names.length + " components");
    }
    if (data.remaining() != 3 * names.length) {
      throw new IllegalArgumentException("its frame is damaged");
    }
    for (int c = 0; c < names.length; c++) {
      names[c] = data.get();
      data.getShort();
    }
  }

  @Override
  public Frame frame() {
    return new Frame(height, width, orientation);
  }

  @Override
  public byte[] samplesOnly() {
    return plain.toByteArray();
  }

  @Override
  public Raster samples(ImageReader reader) throws IOException {
    return reader.readRaster(0, null);
  }

  @Override
  public RowColours colours(int deepBits) {
    if (names.length == 1) {
      return JpegColours.GREY;
    }
    if (names.length == 4) {
      return adobeTransform > 0 ? JpegColours.YCCK : JpegColours.CMYK;
    }
    boolean named = names[0] == 'R' && names[1] == 'G' && names[2] == 'B';
    boolean rgb = !jfif && (adobeTransform == 0 || adobeTransform < 0 && named);
    return rgb ? JpegColours.RGB : JpegColours.YCBCR;
  }
}
