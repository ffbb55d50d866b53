package io.gradsieve.format.idx;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;

/**
 * The header of an IDX file of unsigned bytes.
 *
 * <pre>
 * 0  0  8  n | size 1 | … | size n | data, last index fastest
 *  1 byte each  4 bytes each, big-endian
 * </pre>
 *
 * @param sizes the array's shape, none negative
 * @param count the product of the sizes
 */
public record IdxHeader(int[] sizes, long count) {
  private static final int UNSIGNED_BYTES = 8;

  /** Reads a header of {@code dimensions} sizes and checks it against what the file can hold. */
  public static IdxHeader read(ByteSource in, int dimensions) {
    int zero = in.readByte() << 8 | in.readByte();
    int type = in.readByte();
    int found = in.readByte();
    if (zero != 0) {
      throw new BadData(in.name() + ": is not an IDX file (it must begin with two zero bytes)");
    }
    if (type != UNSIGNED_BYTES) {
      throw new BadData(
          in.name() + ": is not an IDX file of unsigned bytes (type " + type + ", needed is 8)");
    }
    if (found != dimensions) {
      throw new BadData(
          in.name()
              + ": is an IDX file of "
              + found
              + " dimensions, "
              + dimensions
              + " are needed; are images and labels mixed up?");
    }
    int[] sizes = new int[dimensions];
    long count = 1;
    for (int i = 0; i < dimensions; i++) {
      sizes[i] = in.readByte() << 24 | in.readByte() << 16 | in.readByte() << 8 | in.readByte();
      if (sizes[i] < 0 || (sizes[i] > 0 && count > Long.MAX_VALUE / sizes[i])) {
        throw new BadData(in.name() + ": declares an impossible size; it is damaged, get it again");
      }
      count *= sizes[i];
    }
    if (count > in.mostBytes() - in.position() && count > 0) {
      throw new BadData(
          in.name()
              + ": declares "
              + count
              + " bytes, more than it holds; it is truncated or damaged,"
              + " get it again");
    }
    return new IdxHeader(sizes, count);
  }
}
