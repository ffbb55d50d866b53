package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Resources;
import io.gradsieve.backend.layout.FloatMemory;

/** Device memory entered in the ledger under its purpose; zeroed when made. */
final class CudaBuffer implements FloatMemory {
  /** Floats that go through pinned memory at a time. */
  private static final int PIECE = 1 << 20;

  private final CudaBackend backend;
  private final String purpose;
  private final long bytes;
  private long address;

  /** Throws {@code Missing} if the memory can't be had. */
  CudaBuffer(CudaBackend backend, long bytes, String purpose) {
    this.backend = backend;
    this.purpose = purpose;
    this.bytes = bytes;
    this.address = CudaErrors.memory(bytes, purpose, () -> CudaRuntime.malloc(bytes));
    backend.ledger().add(purpose, bytes);
    try {
      CudaRuntime.fillAsync(address, 0, bytes, backend.stream());
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  public long address() {
    if (address == 0) {
      throw new IllegalStateException("the buffer \"" + purpose + "\" is closed");
    }
    return address;
  }

  long bytes() {
    return bytes;
  }

  /** What is queued before comes first. */
  @Override
  public void read(long offset, float[] target) {
    inPieces(
        target.length,
        (staging, done, count) -> {
          long from = address() + (offset + done) * Float.BYTES;
          CudaRuntime.copy(staging.address(), from, (long) count * Float.BYTES);
          staging.view(0, count * Float.BYTES).asFloatBuffer().get(target, done, count);
        });
  }

  /** What is queued before comes first. */
  @Override
  public void write(long offset, float[] source) {
    inPieces(
        source.length,
        (staging, done, count) -> {
          staging.view(0, count * Float.BYTES).asFloatBuffer().put(source, done, count);
          long to = address() + (offset + done) * Float.BYTES;
          CudaRuntime.copy(to, staging.address(), (long) count * Float.BYTES);
        });
  }

  private interface Transfer {
    void of(CudaPinned staging, int done, int count);
  }

  private void inPieces(int floats, Transfer transfer) {
    backend.use();
    backend.synchronize();
    int piece = Math.min(PIECE, floats);
    if (piece == 0) {
      return;
    }
    try (CudaPinned staging = new CudaPinned(backend, (long) piece * Float.BYTES, "transfer")) {
      for (int done = 0; done < floats; done += piece) {
        transfer.of(staging, done, Math.min(piece, floats - done));
      }
    }
  }

  /** Waits for what is queued, which may read it. */
  @Override
  public void close() {
    if (address != 0) {
      long gone = address;
      address = 0;
      backend.ledger().remove(purpose, bytes);
      Resources steps = new Resources(); // each is tried, whatever became of the one before
      steps.add(() -> CudaRuntime.free(gone));
      steps.add(backend::synchronize);
      steps.add(backend::use);
      steps.close();
    }
  }
}
