package io.gradsieve.backend.cpu;

import io.gradsieve.backend.MemoryLedger;
import io.gradsieve.backend.MemorySource;
import io.gradsieve.backend.layout.FloatMemory;
import io.gradsieve.natives.NativeMemory;
import java.nio.ByteBuffer;
import java.util.Objects;

/** Native memory entered in the ledger under its purpose. */
final class CpuBuffer implements FloatMemory {
  private static final long FLOATS_A_VIEW = 1 << 28; // 1 GiB, a buffer holds less than 2

  private final MemorySource source;
  private final MemoryLedger ledger;
  private final String purpose;
  private final long bytes;
  private long address;

  /** Throws {@code NativeException} if the memory can't be had. */
  CpuBuffer(MemorySource source, MemoryLedger ledger, long bytes, String purpose) {
    this.source = source;
    this.ledger = ledger;
    this.purpose = purpose;
    this.bytes = bytes;
    this.address = source.allocate(bytes);
    ledger.add(purpose, bytes);
  }

  @Override
  public long address() {
    if (address == 0) {
      throw new IllegalStateException("the buffer \"" + purpose + "\" is closed");
    }
    return address;
  }

  @Override
  public void read(long offset, float[] target) {
    for (int done = 0; done < target.length; ) {
      int count = (int) Math.min(target.length - done, FLOATS_A_VIEW);
      view((offset + done) * Float.BYTES, count * Float.BYTES)
          .asFloatBuffer()
          .get(target, done, count);
      done += count;
    }
  }

  @Override
  public void write(long offset, float[] source) {
    for (int done = 0; done < source.length; ) {
      int count = (int) Math.min(source.length - done, FLOATS_A_VIEW);
      view((offset + done) * Float.BYTES, count * Float.BYTES)
          .asFloatBuffer()
          .put(source, done, count);
      done += count;
    }
  }

  /** A view, little-endian, of at most 2 GiB from the byte offset; invalid after {@link #close}. */
  ByteBuffer view(long offset, int count) {
    Objects.checkFromIndexSize(offset, count, bytes);
    return NativeMemory.view(address() + offset, count);
  }

  @Override
  public void close() {
    if (address != 0) {
      source.release(address, bytes);
      address = 0;
      ledger.remove(purpose, bytes);
    }
  }
}
