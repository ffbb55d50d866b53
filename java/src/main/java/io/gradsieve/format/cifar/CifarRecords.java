package io.gradsieve.format.cifar;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A CIFAR-10 binary file: records of a label and an image, nothing else.
 *
 * <pre>
 * | label | 1024 red | 1024 green | 1024 blue |   rows of 32 from the top
 * </pre>
 */
public final class CifarRecords implements AutoCloseable {
  /** Height and width. */
  public static final int SIDE = 32;

  public static final int CHANNELS = 3;

  /** Labels are below. */
  public static final int CLASSES = 10;

  private static final int PLANE = SIDE * SIDE;
  private static final int RECORD_BYTES = 1 + CHANNELS * PLANE;

  private final ByteSource in;
  private final byte[] record = new byte[RECORD_BYTES];

  private CifarRecords(ByteSource in) {
    this.in = in;
  }

  /** Records of a file; a size that is no whole number of records is a truncated file. */
  public static int count(Path file) {
    long bytes;
    try {
      bytes = Files.size(file);
    } catch (IOException e) {
      throw ByteSource.unreadable(file.toString(), e);
    }
    if (bytes == 0 || bytes % RECORD_BYTES != 0 || bytes / RECORD_BYTES > Integer.MAX_VALUE) {
      throw new BadData(
          file
              + ": has "
              + bytes
              + " bytes, not a whole number of records of "
              + RECORD_BYTES
              + "; it is truncated or not CIFAR-10's binary version, get it again");
    }
    return (int) (bytes / RECORD_BYTES);
  }

  public static CifarRecords open(Path file) {
    return new CifarRecords(ByteSource.open(file));
  }

  /** Reads the next record, its image to [H][W][C]; returns the label, 0..255. */
  public int read(byte[] target) {
    in.read(record, 0, RECORD_BYTES);
    for (int c = 0; c < CHANNELS; c++) {
      for (int t = 0; t < PLANE; t++) {
        target[t * CHANNELS + c] = record[1 + c * PLANE + t];
      }
    }
    return record[0] & 0xff;
  }

  @Override
  public void close() {
    in.close();
  }
}
