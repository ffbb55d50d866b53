package io.gradsieve.format.npy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The header of a {@code .npy} array, versions 1 to 3.
 *
 * <pre>
 * 0x93 N U M P Y | major | minor | length (2 bytes, from version 2 on 4; little-endian) | text | data
 * text: {'descr': '&lt;f4', 'fortran_order': False, 'shape': (60, 3), } and spaces, ended by a newline
 * </pre>
 *
 * @param type the element type
 * @param fortranOrder whether the first index is the fastest
 * @param shape sizes, none negative
 * @param count the product of the sizes
 */
public record NpyHeader(NpyType type, boolean fortranOrder, List<Long> shape, long count) {
  /** A header is a few words; numpy's own is 64 to 128 bytes. */
  private static final int MAX_HEADER_BYTES = 1 << 16;

  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int ALIGNMENT = 64;
  private static final Pattern DESCR =
      Pattern.compile("['\"]descr['\"]\\s*:\\s*['\"]([^'\"]{1,16})['\"]");
  private static final Pattern ORDER =
      Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)");
  private static final Pattern SHAPE =
      Pattern.compile("['\"]shape['\"]\\s*:\\s*\\(([0-9,\\sL]{0,400})\\)");

  /** Reads a header; leaves {@code in} at the first element. */
  public static NpyHeader read(ByteSource in) {
    byte[] start = new byte[8];
    in.read(start, 0, start.length);
    for (int i = 0; i < MAGIC.length; i++) {
      if (start[i] != MAGIC[i]) {
        throw new BadData(
            in.name()
                + ": is not a numpy array (wrong first bytes); save it with numpy.save or savez");
      }
    }
    int major = start[6];
    if (major < 1 || major > 3) {
      throw new BadData(in.name() + ": is npy version " + major + ", versions 1 to 3 are read");
    }
    long length = in.readByte() | in.readByte() << 8;
    if (major > 1) {
      length |= (long) in.readByte() << 16 | (long) in.readByte() << 24;
    }
    if (length > MAX_HEADER_BYTES) {
      throw new BadData(
          in.name() + ": declares a header of " + length + " bytes; it is damaged, get it again");
    }
    byte[] text = new byte[(int) length];
    in.read(text, 0, text.length);
    return parse(in, new String(text, StandardCharsets.UTF_8));
  }

  private static NpyHeader parse(ByteSource in, String text) {
    Matcher descr = DESCR.matcher(text);
    Matcher order = ORDER.matcher(text);
    Matcher sizes = SHAPE.matcher(text);
    if (!descr.find()) {
      throw new BadData(
          in.name()
              + ": has a structured or damaged dtype; save one plain array, for instance x.astype('float32')");
    }
    if (!order.find() || !sizes.find()) {
      throw new BadData(in.name() + ": has a damaged header, get it again");
    }
    NpyType type = NpyType.of(descr.group(1), in.name());
    List<Long> shape = new ArrayList<>();
    long count = 1;
    for (String part : sizes.group(1).split(",")) {
      String digits = part.strip().replace("L", "");
      if (digits.isEmpty()) {
        continue;
      }
      try {
        long size = Long.parseLong(digits);
        shape.add(size);
        count = Math.multiplyExact(count, size);
        Math.multiplyExact(count, type.bytes());
      } catch (NumberFormatException | ArithmeticException e) {
        throw new BadData(
            in.name()
                + ": declares an impossible shape ("
                + sizes.group(1).strip()
                + "); it is damaged");
      }
    }
    if (count * type.bytes() > in.mostBytes() - in.position()) {
      throw new BadData(
          in.name()
              + ": declares shape "
              + shape
              + " of "
              + type.numpyName()
              + ", more than the file holds;"
              + " it is truncated or damaged, get it again");
    }
    return new NpyHeader(type, order.group(1).equals("True"), List.copyOf(shape), count);
  }

  /**
   * The bytes of a version 1 header, padded as numpy does so that the data begins at a multiple of
   * 64.
   */
  public static byte[] bytes(NpyType type, long... shape) {
    StringBuilder sizes = new StringBuilder();
    for (long size : shape) {
      sizes.append(size).append(sizes.isEmpty() && shape.length == 1 ? "," : ", ");
    }
    if (shape.length > 1) {
      sizes.setLength(sizes.length() - 2);
    }
    StringBuilder text =
        new StringBuilder(
            "{'descr': '"
                + type.descr()
                + "', 'fortran_order': False, 'shape': ("
                + sizes.toString().strip()
                + "), }");
    int before = MAGIC.length + 4;
    while ((before + text.length() + 1) % ALIGNMENT != 0) {
      text.append(' ');
    }
    text.append('\n');
    byte[] header = new byte[before + text.length()];
    System.arraycopy(MAGIC, 0, header, 0, MAGIC.length);
    header[6] = 1;
    header[8] = (byte) text.length();
    header[9] = (byte) (text.length() >> 8);
    byte[] ascii = text.toString().getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(ascii, 0, header, before, ascii.length);
    return header;
  }
}
