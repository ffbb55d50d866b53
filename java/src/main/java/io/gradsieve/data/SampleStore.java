package io.gradsieve.data;

import io.gradsieve.GradsieveException.BadData;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Samples of one size, densely in chunks of bytes outside the Java heap, so that devices read them
 * where they lie and their sum may pass 2 GiB; floats are little-endian. Written once by a reader
 * (different samples from different threads if it likes), then only read.
 */
public final class SampleStore {
  /** A chunk; large enough to be few, small enough for a buffer to address. */
  private static final int CHUNK_BYTES = 1 << 26;

  /** The largest sample, bytes: one chunk. */
  public static final int MAX_SAMPLE_BYTES = CHUNK_BYTES;

  /** Share of what Java may use outside its heap, by default as much as its heap. */
  private static final double MOST_OF_MEMORY = 0.9;

  private final int samples;
  private final int sampleBytes;
  private final int chunkShift;
  private final ByteBuffer[] chunks;

  /** Room for samples, zeroed; {@code where} begins the message when memory does not suffice. */
  public SampleStore(String where, long samples, long sampleBytes) {
    if (sampleBytes < 1 || sampleBytes > MAX_SAMPLE_BYTES) {
      throw new BadData(
          where
              + ": a sample has "
              + sampleBytes
              + " bytes, at most "
              + MAX_SAMPLE_BYTES
              + " are read");
    }
    if (samples > Integer.MAX_VALUE - 8) {
      throw new BadData(
          where
              + ": has "
              + samples
              + " samples, at most "
              + (Integer.MAX_VALUE - 8)
              + " are read");
    }
    this.samples = (int) samples;
    this.sampleBytes = (int) sampleBytes;
    this.chunkShift = 31 - Integer.numberOfLeadingZeros(CHUNK_BYTES / this.sampleBytes);
    long bytes = samples * sampleBytes;
    if (bytes > Runtime.getRuntime().maxMemory() * MOST_OF_MEMORY) {
      throw tooLarge(where, bytes);
    }
    this.chunks = new ByteBuffer[(int) ((samples + (1L << chunkShift) - 1) >>> chunkShift)];
    try {
      for (int i = 0; i < chunks.length; i++) {
        long left = samples - ((long) i << chunkShift);
        chunks[i] =
            ByteBuffer.allocateDirect((int) Math.min(left, 1L << chunkShift) * this.sampleBytes)
                .order(ByteOrder.LITTLE_ENDIAN);
      }
    } catch (OutOfMemoryError e) {
      throw tooLarge(where, bytes);
    }
  }

  private static BadData tooLarge(String where, long bytes) {
    return new BadData(
        where
            + ": needs "
            + (bytes >> 20)
            + " MiB in memory, Java may use "
            + (Runtime.getRuntime().maxMemory() >> 20)
            + " MiB; raise it with -Xmx (java -Xmx"
            + ((bytes >> 30) + 2)
            + "g -jar …; where it is set, -XX:MaxDirectMemorySize too) or give less data");
  }

  public int samples() {
    return samples;
  }

  /** Bytes of one sample. */
  public int sampleBytes() {
    return sampleBytes;
  }

  /** The direct buffers that the samples lie in. */
  public List<ByteBuffer> chunks() {
    return List.of(chunks);
  }

  /** Puts a buffer of the same bytes in a chunk's place, before anybody reads them. */
  void replace(int chunk, ByteBuffer same) {
    chunks[chunk] = same;
  }

  /** Which of the {@link #chunks} a sample lies in, at {@link #offset}. */
  public int chunkOf(int sample) {
    return sample >>> chunkShift;
  }

  ByteBuffer chunk(int sample) {
    return chunks[chunkOf(sample)];
  }

  /** Where the sample begins in its chunk. */
  public int offset(int sample) {
    return (sample & ((1 << chunkShift) - 1)) * sampleBytes;
  }

  /** Copies a sample to the beginning of {@code target}; allocates nothing. */
  public void get(int sample, byte[] target) {
    chunk(sample).get(offset(sample), target, 0, sampleBytes);
  }

  /** Stores a sample, the first bytes of {@code source}. */
  public void set(int sample, byte[] source) {
    chunk(sample).put(offset(sample), source, 0, sampleBytes);
  }

  /** Stores byte {@code element} of a sample. */
  public void setByte(int sample, int element, byte value) {
    chunk(sample).put(offset(sample) + element, value);
  }

  /** Stores element {@code element} of a sample of floats. */
  public void setFloat(int sample, int element, float value) {
    chunk(sample).putFloat(offset(sample) + 4 * element, value);
  }

  /** Element {@code element} of a sample of floats. */
  public float getFloat(int sample, int element) {
    return chunk(sample).getFloat(offset(sample) + 4 * element);
  }
}
