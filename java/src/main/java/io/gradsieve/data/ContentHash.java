package io.gradsieve.data;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * 128-bit hashes of samples' inputs, by which a sample is known again wherever it stands:
 * MurmurHash3_x64_128 with seed 0 (Appleby, public domain). Not for adversaries: two different
 * samples agree by chance with probability 2^-128, by intent easily. What is hashed depends on the
 * sample alone, not on the rest of its set nor on a model's rules:
 *
 * <ul>
 *   <li>of a CSV file the input cells, by column name (the reader says in which bytes);
 *   <li>of everything else the elements as they lie in memory, [H][W][C], uint8 or little-endian
 *       float32; but a uint8 image whose three channels agree counts as one channel, since whether
 *       grey images have one or three is decided by the others of their set.
 * </ul>
 *
 * <p>Labels, weights, ids and places do not count.
 */
public final class ContentHash {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long C1 = 0x87c37b91114253d5L;
  private static final long C2 = 0x4cf5ad432745937fL;
  private static final int COLOURS = 3;

  private final long[] first;
  private final long[] second;

  /** Room for the hashes of so many samples, 16 bytes each. */
  public ContentHash(int samples) {
    first = new long[samples];
    second = new long[samples];
  }

  /** Hashes every sample of a store; {@code images} are uint8 with as many channels. */
  static ContentHash of(SampleStore store, boolean images, int channels) {
    ContentHash hash = new ContentHash(store.samples());
    byte[] content = new byte[store.sampleBytes()];
    for (int i = 0; i < store.samples(); i++) {
      store.get(i, content);
      boolean grey = images && channels == COLOURS && isGrey(content);
      hash.set(i, content, grey ? oneChannel(content) : content.length);
    }
    return hash;
  }

  /** A hash of one content: the first 64 bits of it. */
  public static long of(byte[] content) {
    ContentHash hash = new ContentHash(1);
    hash.set(0, content, content.length);
    return hash.first[0];
  }

  private static boolean isGrey(byte[] pixels) {
    for (int i = 0; i < pixels.length; i += COLOURS) {
      if (pixels[i] != pixels[i + 1] || pixels[i] != pixels[i + 2]) {
        return false;
      }
    }
    return true;
  }

  /** Keeps the first of three channels, in place; returns how many bytes are left. */
  private static int oneChannel(byte[] pixels) {
    for (int i = 0; i < pixels.length / COLOURS; i++) {
      pixels[i] = pixels[i * COLOURS];
    }
    return pixels.length / COLOURS;
  }

  /** Sets a sample's hash to that of the first {@code length} bytes. */
  public void set(int sample, byte[] content, int length) {
    long h1 = 0;
    long h2 = 0;
    int whole = length & ~15;
    for (int i = 0; i < whole; i += 16) {
      h1 ^= mix1((long) LONG.get(content, i));
      h1 = (Long.rotateLeft(h1, 27) + h2) * 5 + 0x52dce729;
      h2 ^= mix2((long) LONG.get(content, i + 8));
      h2 = (Long.rotateLeft(h2, 31) + h1) * 5 + 0x38495ab5;
    }
    long k1 = 0;
    long k2 = 0;
    for (int i = whole; i < length; i++) {
      long b = (content[i] & 0xffL) << (8 * (i & 7));
      if (i - whole < 8) {
        k1 |= b;
      } else {
        k2 |= b;
      }
    }
    h1 ^= mix1(k1);
    h2 ^= mix2(k2);
    h1 ^= length;
    h2 ^= length;
    h1 += h2;
    h2 += h1;
    h1 = finish(h1);
    h2 = finish(h2);
    h1 += h2;
    first[sample] = h1;
    second[sample] = h2 + h1;
  }

  private static long mix1(long k) {
    return Long.rotateLeft(k * C1, 31) * C2;
  }

  private static long mix2(long k) {
    return Long.rotateLeft(k * C2, 33) * C1;
  }

  private static long finish(long k) {
    k = (k ^ (k >>> 33)) * 0xff51afd7ed558ccdL;
    k = (k ^ (k >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return k ^ (k >>> 33);
  }

  /**
   * 32 hexadecimal digits in small letters: the two 64-bit halves in the order in which the
   * algorithm gives them, of each the highest digit first.
   */
  String text(int sample) {
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits(first[sample]) + hex.toHexDigits(second[sample]);
  }

  /** Puts a sample's hash, 16 bytes. */
  void put(int sample, ByteBuffer target) {
    target.putLong(first[sample]).putLong(second[sample]);
  }

  /** Bits of a sample's hash, for tables. */
  int bits(int sample) {
    return (int) first[sample];
  }

  boolean equal(int a, int b) {
    return first[a] == first[b] && second[a] == second[b];
  }
}
