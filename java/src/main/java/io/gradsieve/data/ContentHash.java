package io.gradsieve.data;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * 128-bit hashes of samples' content, MurmurHash3_x64_128 (Appleby, public domain). Not for
 * adversaries: two different samples agree by chance with probability 2^-128, by intent easily.
 */
final class ContentHash {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long C1 = 0x87c37b91114253d5L;
  private static final long C2 = 0x4cf5ad432745937fL;

  final long[] low;
  final long[] high;

  /** Hashes every sample. */
  ContentHash(SampleStore store) {
    low = new long[store.samples()];
    high = new long[store.samples()];
    byte[] content = new byte[store.sampleBytes()];
    for (int i = 0; i < low.length; i++) {
      store.get(i, content);
      hash(content, i);
    }
  }

  private void hash(byte[] data, int sample) {
    long h1 = 0;
    long h2 = 0;
    int length = data.length;
    int whole = length & ~15;
    for (int i = 0; i < whole; i += 16) {
      h1 ^= mix1((long) LONG.get(data, i));
      h1 = (Long.rotateLeft(h1, 27) + h2) * 5 + 0x52dce729;
      h2 ^= mix2((long) LONG.get(data, i + 8));
      h2 = (Long.rotateLeft(h2, 31) + h1) * 5 + 0x38495ab5;
    }
    long k1 = 0;
    long k2 = 0;
    for (int i = whole; i < length; i++) {
      long b = (data[i] & 0xffL) << (8 * (i & 7));
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
    low[sample] = h1;
    high[sample] = h2 + h1;
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

  boolean equal(int a, int b) {
    return low[a] == low[b] && high[a] == high[b];
  }
}
