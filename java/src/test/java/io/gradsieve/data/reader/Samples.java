package io.gradsieve.data.reader;

import io.gradsieve.format.npy.NpyHeader;
import io.gradsieve.format.npy.NpyType;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;

/** Small files of every format, made in code. */
public final class Samples {
  private Samples() {}

  /** An IDX file of unsigned bytes. */
  public static byte[] idx(byte[] data, int... sizes) {
    ByteBuffer file = ByteBuffer.allocate(4 + 4 * sizes.length + data.length);
    file.put((byte) 0).put((byte) 0).put((byte) 8).put((byte) sizes.length);
    for (int size : sizes) {
      file.putInt(size);
    }
    return file.put(data).array();
  }

  public static byte[] gzip(byte[] data) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(data);
    }
    return out.toByteArray();
  }

  /** Names and contents as a zip archive, deflated. */
  public static byte[] zip(Map<String, byte[]> entries) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      for (var entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue());
      }
    }
    return out.toByteArray();
  }

  /** Names and {@link #npy arrays} as numpy's archive. */
  public static byte[] npz(Map<String, byte[]> arrays) throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    arrays.forEach((name, array) -> entries.put(name + ".npy", array));
    return zip(entries);
  }

  public static byte[] npy(byte[] data, long... shape) {
    return joined(NpyHeader.bytes(NpyType.UINT8, shape), data);
  }

  public static byte[] npy(float[] data, long... shape) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(data);
    return joined(NpyHeader.bytes(NpyType.FLOAT32, shape), bytes.array());
  }

  public static byte[] npy(long[] data, long... shape) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asLongBuffer().put(data);
    return joined(NpyHeader.bytes(NpyType.INT64, shape), bytes.array());
  }

  private static byte[] joined(byte[] a, byte[] b) {
    return ByteBuffer.allocate(a.length + b.length).put(a).put(b).array();
  }

  /** Bytes 0, 1, 2, … times a factor. */
  public static byte[] counting(int n, int factor) {
    byte[] data = new byte[n];
    for (int i = 0; i < n; i++) {
      data[i] = (byte) (i * factor);
    }
    return data;
  }

  /** A record of CIFAR-10's binary version. */
  public static byte[] cifar(int label, int factor) {
    byte[] record = new byte[3073];
    record[0] = (byte) label;
    System.arraycopy(counting(3072, factor), 0, record, 1, 3072);
    return record;
  }

  /**
   * An image whose pixel i has a colour made of i and {@code key}; grey if {@code colours} is
   * false.
   */
  public static byte[] image(String format, int width, int height, int key, boolean colours)
      throws IOException {
    BufferedImage image =
        new BufferedImage(
            width, height, colours ? BufferedImage.TYPE_3BYTE_BGR : BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < width * height; i++) {
      for (int c = 0; c < (colours ? 3 : 1); c++) {
        image.getRaster().setSample(i % width, i / width, c, i * 3 + key + c * 50 & 0xff);
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageIO.write(image, format, out);
    return out.toByteArray();
  }

  /** Writes a file, making its directories. */
  public static Path write(Path file, byte[] content) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.write(file, content);
  }
}
