package io.gradsieve.format.safetensors;

import io.gradsieve.GradsieveException.BadData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/**
 * A safetensors file opened for reading.
 *
 * <pre>
 *  8 bytes    N, little-endian, at most {@link #LARGEST_HEADER}
 *  N bytes    JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …, "__metadata__": {"key": "text"}}
 *  the rest   elements, little-endian, row by row; the offsets count from here, leave no gap and do not overlap
 * </pre>
 *
 * <p>The header is checked whole when the file is opened; elements are read when asked for.
 */
public final class SafeTensors implements AutoCloseable {
  /** Largest header, bytes: that of the format's own implementation. */
  static final int LARGEST_HEADER = 100_000_000;

  private static final int LENGTH_BYTES = 8;

  /**
   * One tensor.
   *
   * @param begin first byte, from the end of the header
   * @param end the byte after the last
   */
  public record Entry(ElementType type, List<Long> shape, long begin, long end) {
    public Entry {
      shape = List.copyOf(shape);
    }
  }

  private final Path file;
  private final FileChannel channel;
  private final long dataStart;
  private final SafeTensorsHeader header;

  private SafeTensors(Path file, FileChannel channel, long dataStart, SafeTensorsHeader header) {
    this.file = file;
    this.channel = channel;
    this.dataStart = dataStart;
    this.header = header;
  }

  /** Opens and checks a file; throws {@code BadData} if it is missing or not as the format says. */
  public static SafeTensors open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new BadData(file + ": no such file");
    }
    try {
      FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
      try {
        return open(file, channel);
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw new BadData(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static SafeTensors open(Path file, FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < LENGTH_BYTES) {
      throw new BadData(file + ": is no safetensors file: it has only " + size + " bytes");
    }
    long length = bytes(file, channel, 0, LENGTH_BYTES).getLong();
    if (length < 2 || length > LARGEST_HEADER || length > size - LENGTH_BYTES) {
      throw new BadData(
          file
              + ": is no safetensors file or is cut off: its header would have "
              + Long.toUnsignedString(length)
              + " bytes");
    }
    byte[] text = new byte[(int) length];
    bytes(file, channel, LENGTH_BYTES, text.length).get(text);
    long dataStart = LENGTH_BYTES + length;
    SafeTensorsHeader header = SafeTensorsHeader.parse(file, text);
    header.checkCoverage(file, size - dataStart);
    return new SafeTensors(file, channel, dataStart, header);
  }

  /** The tensors by name, in the order of the header. */
  public Map<String, Entry> entries() {
    return header.entries();
  }

  /** The texts of {@code __metadata__}. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /** The elements of an F32 tensor. */
  public float[] floats(String name) {
    ByteBuffer bytes = elements(name, ElementType.F32);
    float[] values = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  /** The elements of an F64 tensor. */
  public double[] doubles(String name) {
    ByteBuffer bytes = elements(name, ElementType.F64);
    double[] values = new double[bytes.remaining() / Double.BYTES];
    bytes.asDoubleBuffer().get(values);
    return values;
  }

  /** The elements of an I64 tensor. */
  public long[] longs(String name) {
    ByteBuffer bytes = elements(name, ElementType.I64);
    long[] values = new long[bytes.remaining() / Long.BYTES];
    bytes.asLongBuffer().get(values);
    return values;
  }

  private ByteBuffer elements(String name, ElementType type) {
    Entry entry = entries().get(name);
    if (entry == null) {
      throw new BadData(file + ": has no tensor " + name);
    }
    if (entry.type() != type) {
      throw new BadData(file + ": " + name + " is " + entry.type() + ", must be " + type);
    }
    if (entry.end() - entry.begin() > Integer.MAX_VALUE) {
      throw new BadData(file + ": " + name + " is larger than 2 GiB");
    }
    try {
      return bytes(file, channel, dataStart + entry.begin(), (int) (entry.end() - entry.begin()));
    } catch (IOException e) {
      throw new BadData(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static ByteBuffer bytes(Path file, FileChannel channel, long from, int count)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, from + bytes.position()) < 0) {
        throw new BadData(file + ": is cut off");
      }
    }
    return bytes.flip();
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new BadData(file + ": cannot be closed: " + e.getMessage(), e);
    }
  }
}
