package io.gradsieve.backend;

import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.NativeMemory;

/** Where native memory comes from: zeroed, aligned to 64 bytes at least. Thread-safe. */
public interface MemorySource {
  /** Memory of this process alone. */
  MemorySource OWN =
      new MemorySource() {
        @Override
        public long allocate(long bytes) {
          return NativeMemory.allocate(bytes);
        }

        @Override
        public void release(long address, long bytes) {
          NativeMemory.release(address, bytes);
        }
      };

  /**
   * The address of so many bytes.
   *
   * @throws NativeException {@code GS_OUT_OF_MEMORY} if they can't be had
   */
  long allocate(long bytes);

  /** Gives back what {@link #allocate} gave. */
  void release(long address, long bytes);
}
