package io.gradsieve.format.npy;

import io.gradsieve.GradsieveException.BadData;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * An element type of numpy that we read.
 *
 * @param kind {@code f}, {@code i}, {@code u} or {@code b} (bool)
 * @param bytes bytes of an element
 * @param bigEndian the byte order
 */
public record NpyType(char kind, int bytes, boolean bigEndian) {
  public static final NpyType UINT8 = new NpyType('u', 1, false);
  public static final NpyType INT64 = new NpyType('i', 8, false);
  public static final NpyType FLOAT32 = new NpyType('f', 4, false);

  /**
   * Parses {@code <f4}, {@code |u1} and the like; {@code where} begins the message if it is none we
   * read.
   */
  static NpyType of(String descr, String where) {
    if (descr.length() == 3 && "<>|=".indexOf(descr.charAt(0)) >= 0) {
      char kind = descr.charAt(1);
      int bytes = descr.charAt(2) - '0';
      boolean integer =
          (kind == 'i' || kind == 'u') && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8);
      boolean real = kind == 'f' && (bytes == 4 || bytes == 8);
      boolean bool = kind == 'b' && bytes == 1;
      if (integer || real || bool) {
        return new NpyType(kind, bytes, descr.charAt(0) == '>');
      }
    }
    throw new BadData(where + ": has dtype '" + descr + "', " + advice(descr));
  }

  /** What a type we do not read is, and the conversion that numpy accepts. */
  private static String advice(String descr) {
    char kind = descr.length() > 1 && "<>|=".indexOf(descr.charAt(0)) >= 0 ? descr.charAt(1) : ' ';
    return switch (kind) {
      case 'U', 'S', 'T' ->
          "texts, numbers are needed; labels become class indices with"
              + " numpy.unique(y, return_inverse=True)[1]";
      case 'O' ->
          "Python objects, numbers are needed; labels become class indices with"
              + " numpy.unique(y.astype(str), return_inverse=True)[1], samples of one shape an"
              + " array with numpy.stack(list(x)).astype('float32')";
      case 'M' -> "dates, numbers are needed: (x - x.min()) / numpy.timedelta64(1, 'D')";
      case 'm' -> "spans of time, numbers are needed: x / numpy.timedelta64(1, 'D')";
      case 'c' ->
          "complex numbers, which are not read; use numpy.abs(x), or real and imaginary parts";
      default -> "which is not read; convert it, for instance with .astype('float32')";
    };
  }

  /** Whether elements are uint8. */
  public boolean isUint8() {
    return kind == 'u' && bytes == 1;
  }

  /** Whether elements are float32 or float64. */
  public boolean isReal() {
    return kind == 'f';
  }

  /** As numpy writes it in a header. */
  String descr() {
    return (bytes == 1 ? '|' : bigEndian ? '>' : '<') + "" + kind + bytes;
  }

  /** As numpy users say it, for instance {@code float32}. */
  public String numpyName() {
    return switch (kind) {
      case 'f' -> "float" + 8 * bytes;
      case 'i' -> "int" + 8 * bytes;
      case 'u' -> "uint" + 8 * bytes;
      default -> "bool";
    };
  }

  /** The byte order as Java names it. */
  ByteOrder order() {
    return bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
  }

  /**
   * One element as a double; {@code raw} has this type's byte order. Exact for all but integers
   * beyond 2^53.
   */
  double read(ByteBuffer raw, int position) {
    if (kind == 'f') {
      return bytes == 4 ? raw.getFloat(position) : raw.getDouble(position);
    }
    long value =
        switch (bytes) {
          case 1 -> raw.get(position);
          case 2 -> raw.getShort(position);
          case 4 -> raw.getInt(position);
          default -> raw.getLong(position);
        };
    if (kind == 'i' || bytes == 8) {
      return kind == 'u' && value < 0 ? value + 0x1p64 : value;
    }
    return value & ((1L << 8 * bytes) - 1);
  }
}
