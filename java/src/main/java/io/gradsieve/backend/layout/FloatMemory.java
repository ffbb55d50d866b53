package io.gradsieve.backend.layout;

/** Floats in a device's memory, with one owner who closes them. */
public interface FloatMemory extends AutoCloseable {
  /** Where they lie, for native calls; throws {@link IllegalStateException} once closed. */
  long address();

  /** Copies from an offset, in floats, on into all of {@code target}. */
  void read(long offset, float[] target);

  /** Copies all of {@code source} to an offset, in floats. */
  void write(long offset, float[] source);

  @Override
  void close();
}
