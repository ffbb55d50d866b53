package io.gradsieve.format.image;

import io.gradsieve.GradsieveException.BadData;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import javax.imageio.ImageReader;

/**
 * The chunks of a PNG file, their checksums compared, which Java's decoder does not do. A file is a
 * signature and chunks, the last of them IEND (PNG specification, section 5); numbers are
 * big-endian:
 *
 * <pre>
 * | length n, 4 | kind, 4 | data, n | CRC-32 of kind and data, 4 |
 * </pre>
 */
final class PngFile implements EncodedImage {
  /** Colour types of the header: a bit each for palette, colours and alpha. */
  static final int PALETTE = 1;

  static final int COLOURS = 2;
  static final int ALPHA = 4;

  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

  /** Bytes of a chunk beside its data. */
  private static final int FRAME_BYTES = 12;

  private static final int HEADER_BYTES = 13;

  private final String name;
  private final byte[] file;
  private final ByteArrayOutputStream plain = new ByteArrayOutputStream();
  private int height;
  private int width;
  private int bits;
  private int type = -1;
  private byte[] palette = {};
  private byte[] transparency = {};
  private byte[] significant = {};
  private Orientation orientation = Orientation.UPRIGHT;

  /**
   * Throws {@link IllegalArgumentException} for a damaged file, saying where, and {@link BadData},
   * which begins with {@code name}, for a kind that is not read.
   */
  PngFile(String name, byte[] file) {
    this.name = name;
    this.file = file;
    if (!Arrays.equals(file, 0, Math.min(SIGNATURE.length, file.length), SIGNATURE, 0, 8)) {
      throw new IllegalArgumentException("its first bytes are damaged");
    }
    plain.writeBytes(SIGNATURE);
    ByteBuffer chunks = ByteBuffer.wrap(file);
    int at = SIGNATURE.length;
    String kind = "";
    while (!kind.equals("IEND")) {
      if (file.length - at < FRAME_BYTES) {
        throw new IllegalArgumentException("it ends before its last chunk");
      }
      int length = chunks.getInt(at);
      if (length < 0 || length > file.length - at - FRAME_BYTES) {
        throw new IllegalArgumentException("a chunk is longer than the file");
      }
      CRC32 crc = new CRC32();
      crc.update(file, at + 4, length + 4);
      if ((int) crc.getValue() != chunks.getInt(at + 8 + length)) {
        throw new IllegalArgumentException("a chunk has another checksum");
      }
      kind = new String(file, at + 4, 4, StandardCharsets.ISO_8859_1);
      if (type < 0 != kind.equals("IHDR")) {
        throw new IllegalArgumentException("it does not begin with its one header");
      }
      if (chunk(kind, at + 8, length)) {
        plain.write(file, at, length + FRAME_BYTES);
      }
      at += FRAME_BYTES + length;
    }
    if (type == (PALETTE | COLOURS) && palette.length == 0) {
      throw new IllegalArgumentException("it has no palette");
    }
  }

  /** Whether a chunk takes part in making samples. */
  private boolean chunk(String kind, int at, int length) {
    switch (kind) {
      case "IHDR" -> header(ByteBuffer.wrap(file, at, length));
      case "PLTE" -> palette = Arrays.copyOfRange(file, at, at + length);
      case "tRNS" -> transparency = Arrays.copyOfRange(file, at, at + length);
      case "sBIT" -> significant = Arrays.copyOfRange(file, at, at + length);
      case "eXIf" -> orientation = Orientation.ofExif(file, at, length);
      case "IDAT", "IEND" -> {}
      default -> {
        if (Character.isUpperCase(kind.charAt(0))) {
          throw refused("a PNG with a chunk '" + kind + "', which is no standard's; save it anew");
        }
      }
    }
    return Character.isUpperCase(kind.charAt(0));
  }

  /** That it is {@code what}. */
  BadData refused(String what) {
    return new BadData(name + ": is " + what);
  }

  /** | width 4 | height 4 | bits 1 | colour type 1 | compression 1 | filter 1 | interlace 1 |. */
  private void header(ByteBuffer data) {
    if (data.remaining() != HEADER_BYTES) {
      throw new IllegalArgumentException("its header is damaged");
    }
    width = data.getInt();
    height = data.getInt();
    bits = data.get();
    type = data.get();
    boolean known =
        switch (type) {
          case 0 -> bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16;
          case PALETTE | COLOURS -> bits == 1 || bits == 2 || bits == 4 || bits == 8;
          case COLOURS, ALPHA, COLOURS | ALPHA -> bits == 8 || bits == 16;
          default -> false;
        };
    if (!known) {
      throw new IllegalArgumentException(
          "its header says colour type " + type + " with " + bits + " bits");
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

  /** Palette indices, and grey below 8 bits, stay what they are in the raster. */
  @Override
  public Raster samples(ImageReader reader) throws IOException {
    return reader.read(0).getRaster();
  }

  @Override
  public RowColours colours(int deepBits) {
    return new PngColours(this, bits == 16 ? deepBits : bits);
  }

  /** Bits of a stored value: 1, 2, 4, 8 or 16. */
  int bits() {
    return bits;
  }

  /** {@link #PALETTE}, {@link #COLOURS} and {@link #ALPHA}. */
  boolean has(int part) {
    return (type & part) != 0;
  }

  /** Red, green, blue of each entry. */
  byte[] palette() {
    return palette;
  }

  /** Alphas of the first palette entries; else the one stored colour that is transparent. */
  byte[] transparency() {
    return transparency;
  }

  /**
   * Bits of the original colours, if a chunk sBIT says so for all alike; else those of a stored
   * value.
   */
  int significantBits() {
    int colours = has(COLOURS) ? 3 : 1;
    if (significant.length < colours) {
      return bits;
    }
    int most = 0;
    for (int c = 0; c < colours; c++) {
      most = Math.max(most, significant[c]);
    }
    return most >= 1 && most <= bits ? most : bits;
  }
}
