package io.gradsieve.data.reader;

import java.util.Arrays;
import java.util.Random;

/** Damage as disks, networks and hostile hands do it, from a seed. */
final class Mutations {
  private static final int[] EDGES = {0, 1, 0x7f, 0x80, 0xff, '\n', ',', '"', '(', '9'};

  private final Random random;

  Mutations(long seed) {
    random = new Random(seed);
  }

  /** A copy with one to four changes. */
  byte[] damaged(byte[] file) {
    byte[] bytes = file.clone();
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      bytes = changed(bytes);
    }
    return bytes;
  }

  private byte[] changed(byte[] bytes) {
    if (bytes.length == 0) {
      return new byte[] {(byte) random.nextInt(256)};
    }
    // headers are short and decide most: aim at them every other time
    int at =
        random.nextBoolean()
            ? random.nextInt(Math.min(bytes.length, 64))
            : random.nextInt(bytes.length);
    switch (random.nextInt(8)) {
      case 0:
        return Arrays.copyOf(bytes, at);
      case 1:
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        return bytes;
      case 2:
        bytes[at] = (byte) EDGES[random.nextInt(EDGES.length)];
        return bytes;
      case 3:
        Arrays.fill(
            bytes,
            at,
            Math.min(bytes.length, at + 1 + random.nextInt(8)),
            (byte) (random.nextBoolean() ? 0xff : 0));
        return bytes;
      case 4:
        return spliced(bytes, at, random.nextInt(bytes.length), 1 + random.nextInt(32));
      case 5:
        return cut(bytes, at, 1 + random.nextInt(16));
      case 6:
        return Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(64));
      default:
        bytes[at] = (byte) random.nextInt(256);
        return bytes;
    }
  }

  private static byte[] spliced(byte[] bytes, int at, int from, int length) {
    int n = Math.min(length, bytes.length - from);
    byte[] longer = new byte[bytes.length + n];
    System.arraycopy(bytes, 0, longer, 0, at);
    System.arraycopy(bytes, from, longer, at, n);
    System.arraycopy(bytes, at, longer, at + n, bytes.length - at);
    return longer;
  }

  private static byte[] cut(byte[] bytes, int at, int length) {
    int end = Math.min(bytes.length, at + length);
    byte[] shorter = new byte[bytes.length - (end - at)];
    System.arraycopy(bytes, 0, shorter, 0, at);
    System.arraycopy(bytes, end, shorter, at, bytes.length - end);
    return shorter;
  }
}
