package io.gradsieve.backend.cuda;

import io.gradsieve.natives.NativeMemory;
import java.nio.ByteBuffer;
import java.util.Objects;

/** Host memory that the device copies from and to by itself, entered in the ledger; zeroed. */
final class CudaPinned implements AutoCloseable {
  private final CudaBackend backend;
  private final String purpose;
  private final long bytes;
  private long address;

  /** Throws {@code Missing} if the memory can't be had. */
  CudaPinned(CudaBackend backend, long bytes, String purpose) {
    this.backend = backend;
    this.purpose = purpose;
    this.bytes = bytes;
    this.address = CudaErrors.memory(bytes, purpose, () -> CudaRuntime.mallocHost(bytes));
    backend.ledger().add(purpose, bytes);
    for (long at = 0; at < bytes; at += 1 << 30) {
      ByteBuffer part = view(at, (int) Math.min(1 << 30, bytes - at));
      while (part.remaining() >= Long.BYTES) {
        part.putLong(0);
      }
      while (part.hasRemaining()) {
        part.put((byte) 0);
      }
    }
  }

  long address() {
    if (address == 0) {
      throw new IllegalStateException("the buffer \"" + purpose + "\" is closed");
    }
    return address;
  }

  /** A little-endian view from the byte offset; invalid after {@link #close}. */
  ByteBuffer view(long offset, int count) {
    Objects.checkFromIndexSize(offset, count, bytes);
    return NativeMemory.view(address() + offset, count);
  }

  /** Nothing that is queued may use it any more: its owner has waited for that. */
  @Override
  public void close() {
    if (address != 0) {
      long gone = address;
      address = 0;
      backend.ledger().remove(purpose, bytes);
      CudaRuntime.freeHost(gone);
    }
  }
}
