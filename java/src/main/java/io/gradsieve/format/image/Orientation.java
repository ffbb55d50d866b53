package io.gradsieve.format.image;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How a camera was held: the pixel at (y, x) of the picture is stored at (y, x), or (x, y) if
 * {@code swapped}, counted from the bottom or the right where these are set (Exif 2.3, tag 0x0112).
 */
record Orientation(boolean swapped, boolean fromBottom, boolean fromRight) {
  static final Orientation UPRIGHT = new Orientation(false, false, false);

  private static final int CHANNELS = 3;
  private static final int TAG = 0x0112;
  private static final int ENTRY_BYTES = 12;
  private static final int TYPE_BYTE = 1;
  private static final int TYPE_SHORT = 3;
  private static final int TYPE_LONG = 4;

  /** Of the tag's value, 1 to 8; any other is upright. */
  static Orientation of(int tag) {
    return new Orientation(
        tag >= 5 && tag <= 8,
        tag == 3 || tag == 4 || tag == 6 || tag == 7,
        tag == 2 || tag == 3 || tag == 7 || tag == 8);
  }

  /**
   * Of the first directory of an Exif block, which is a TIFF file without pictures; one that is
   * damaged says nothing.
   */
  static Orientation ofExif(byte[] file, int at, int length) {
    ByteBuffer tiff = ByteBuffer.wrap(file, at, length).slice();
    try {
      short order = tiff.getShort();
      if (order != 0x4949 && order != 0x4d4d) {
        return UPRIGHT;
      }
      tiff.order(order == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
      int directory = tiff.getInt(4);
      int entries = tiff.getShort(directory) & 0xffff;
      for (int i = 0; i < entries; i++) {
        int entry = directory + 2 + i * ENTRY_BYTES;
        if ((tiff.getShort(entry) & 0xffff) == TAG) {
          return of(value(tiff, entry));
        }
      }
    } catch (IndexOutOfBoundsException | BufferUnderflowException e) {
      return UPRIGHT;
    }
    return UPRIGHT;
  }

  private static int value(ByteBuffer tiff, int entry) {
    return switch (tiff.getShort(entry + 2)) {
      case TYPE_BYTE -> tiff.get(entry + 8);
      case TYPE_SHORT -> tiff.getShort(entry + 8);
      case TYPE_LONG -> tiff.getInt(entry + 8);
      default -> 1;
    };
  }

  /** Turns {@code stored}, [H][W][3]; the result is [W][H][3] if swapped. */
  byte[] turned(byte[] stored, int height, int width) {
    if (equals(UPRIGHT)) {
      return stored;
    }
    int rows = swapped ? width : height;
    int columns = swapped ? height : width;
    byte[] picture = new byte[stored.length];
    for (int y = 0; y < rows; y++) {
      for (int x = 0; x < columns; x++) {
        int row = swapped ? x : y;
        int column = swapped ? y : x;
        row = fromBottom ? height - 1 - row : row;
        column = fromRight ? width - 1 - column : column;
        System.arraycopy(
            stored,
            (row * width + column) * CHANNELS,
            picture,
            (y * columns + x) * CHANNELS,
            CHANNELS);
      }
    }
    return picture;
  }
}
