package io.gradsieve;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Damage as disks, networks and hostile hands do it, from a seed. */
public final class Mutations {
  private static final int[] EDGES = {
    0, 1, 0x7f, 0x80, 0xff, '\n', ',', '"', '(', '9', ':', '-', ' ', '{', '['
  };

  /**
   * What a text's damage is counted in: bytes that may be no text any more, characters, any
   * character.
   */
  private static final List<Charset> UNITS =
      List.of(StandardCharsets.UTF_8, StandardCharsets.ISO_8859_1, StandardCharsets.UTF_16BE);

  /** Not {@code java.util.Random}: the first draws of its seeds 1, 2, 3 … are nearly the same. */
  private final SplittableRandom random;

  public Mutations(long seed) {
    random = new SplittableRandom(seed);
  }

  /** One of 0, 1, … n-1: which part to damage. */
  public int choose(int n) {
    return random.nextInt(n);
  }

  /** One of them. */
  public <T> T choose(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }

  /** A text's file in UTF-8, mostly, with one change, or two, or seldom more. */
  public byte[] damaged(String text) {
    Charset unit = choose(UNITS);
    byte[] bytes = damaged(text.getBytes(unit));
    return unit.equals(StandardCharsets.UTF_8)
        ? bytes
        : new String(bytes, unit).getBytes(StandardCharsets.UTF_8);
  }

  /** A copy with one change, or two, or seldom more. */
  public byte[] damaged(byte[] file) {
    byte[] bytes = file.clone();
    do {
      bytes = changed(bytes);
    } while (random.nextBoolean());
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
