package io.gradsieve.backend;

/**
 * Memory of a device with one owner, who closes it. Zeroed when made; counted in the backend's
 * {@link MemoryLedger}.
 */
public interface DeviceBuffer extends AutoCloseable {
  /** Size in bytes. */
  long bytes();

  /** Copies from the buffer's start offset (in floats) into {@code target}. */
  void read(long offset, float[] target);

  /** Copies {@code source} to the offset (in floats). */
  void write(long offset, float[] source);

  @Override
  void close();
}
