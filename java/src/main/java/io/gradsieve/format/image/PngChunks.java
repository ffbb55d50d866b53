package io.gradsieve.format.image;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * The checksums of a PNG file, which Java's decoder reads past. A file is a signature and chunks,
 * the last of them IEND (PNG specification, section 5); numbers are big-endian:
 *
 * <pre>
 * | length n, 4 | kind, 4 | data, n | CRC-32 of kind and data, 4 |
 * </pre>
 */
final class PngChunks {
  private static final int SIGNATURE_BYTES = 8;

  /** Bytes of a chunk beside its data. */
  private static final int FRAME_BYTES = 12;

  private static final int END = 'I' << 24 | 'E' << 16 | 'N' << 8 | 'D';

  private PngChunks() {}

  /** Throws {@link IllegalArgumentException} saying what is wrong. */
  static void check(byte[] file) {
    ByteBuffer chunks = ByteBuffer.wrap(file);
    int at = SIGNATURE_BYTES;
    int kind = 0;
    while (kind != END) {
      if (file.length - at < FRAME_BYTES) {
        throw new IllegalArgumentException("it ends before its last chunk");
      }
      int length = chunks.getInt(at);
      if (length < 0 || length > file.length - at - FRAME_BYTES) {
        throw new IllegalArgumentException("a chunk is longer than the file");
      }
      kind = chunks.getInt(at + 4);
      CRC32 crc = new CRC32();
      crc.update(file, at + 4, length + 4);
      if ((int) crc.getValue() != chunks.getInt(at + 8 + length)) {
        throw new IllegalArgumentException("a chunk has another checksum");
      }
      at += FRAME_BYTES + length;
    }
  }
}
