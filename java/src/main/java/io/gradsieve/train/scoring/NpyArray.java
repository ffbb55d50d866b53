package io.gradsieve.train.scoring;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * An array as numpy's format 1.0 has it: magic, version, length of the header, header padded to 64
 * bytes, elements in C order.
 *
 * @param type numpy's, such as {@code <f4}
 * @param shape the first size is the number of rows
 * @param row the elements of one row, little-endian
 */
record NpyArray(String type, List<Integer> shape, IntFunction<ByteBuffer> row) {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  private static final int ALIGNMENT = 64;

  /** Whole numbers of 64 bits, [N]. */
  static NpyArray of(long[] values) {
    return new NpyArray(
        "<i8",
        List.of(values.length),
        i ->
            ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(values[i])
                .flip());
  }

  void write(WritableByteChannel target) throws IOException {
    OutputStream out = new java.io.BufferedOutputStream(Channels.newOutputStream(target), 1 << 16);
    write(out);
    out.flush();
  }

  private void write(OutputStream out) throws IOException {
    String sizes = shape.stream().map(String::valueOf).collect(Collectors.joining(", "));
    String header =
        "{'descr': '%s', 'fortran_order': False, 'shape': (%s%s), }"
            .formatted(type, sizes, shape.size() == 1 ? "," : "");
    int before = MAGIC.length + Short.BYTES;
    int padding = ALIGNMENT - (before + header.length() + 1) % ALIGNMENT;
    byte[] text =
        (header + " ".repeat(padding % ALIGNMENT) + "\n").getBytes(StandardCharsets.US_ASCII);
    out.write(MAGIC);
    out.write(text.length & 0xff);
    out.write(text.length >>> 8);
    out.write(text);
    for (int i = 0; i < shape.get(0); i++) {
      ByteBuffer elements = row.apply(i);
      out.write(elements.array(), 0, elements.remaining());
    }
  }

  /** Arrays in a zip archive, uncompressed like {@code numpy.savez}'s but for the checksums. */
  static void writeArchive(Map<String, NpyArray> arrays, WritableByteChannel target)
      throws IOException {
    ZipOutputStream zip = new ZipOutputStream(Channels.newOutputStream(target));
    for (Map.Entry<String, NpyArray> array : arrays.entrySet()) {
      ZipEntry entry = new ZipEntry(array.getKey() + ".npy");
      entry.setTimeLocal(java.time.LocalDateTime.of(1980, 1, 1, 0, 0));
      zip.putNextEntry(entry);
      array.getValue().write(zip);
      zip.closeEntry();
    }
    zip.finish();
  }
}
