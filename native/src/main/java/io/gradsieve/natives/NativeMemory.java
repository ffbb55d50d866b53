package io.gradsieve.natives;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.Pointer;

/**
 * Zeroed memory outside the Java heap, and views of it. The addresses are the caller's to keep and
 * to release.
 */
public final class NativeMemory {
  static {
    NativeLibrary.require(); // JavaCPP's own part of it makes views and addresses
  }

  private NativeMemory() {}

  /**
   * The address of {@code bytes} zero bytes, aligned to 64.
   *
   * @throws NativeException {@code GS_OUT_OF_MEMORY} if they can't be had
   */
  public static long allocate(long bytes) {
    long[] address = new long[1];
    NativeException.check(CpuLibrary.gs_allocate(bytes, address));
    return address[0];
  }

  /** Gives back what {@link #allocate} gave. */
  public static void release(long address, long bytes) {
    NativeException.check(CpuLibrary.gs_release(address, bytes));
  }

  /** A little-endian view, valid until the memory is released. */
  public static ByteBuffer view(long address, int bytes) {
    return new Place(address, bytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Where the first byte of a direct buffer lies; valid while the buffer is reachable. */
  public static long address(ByteBuffer direct) {
    if (!direct.isDirect()) {
      throw new IllegalArgumentException("the buffer lies in the Java heap, where it may move");
    }
    return new Pointer(direct).address();
  }

  /** A range of memory that JavaCPP can make a buffer of; owns nothing. */
  private static final class Place extends Pointer {
    Place(long address, long bytes) {
      this.address = address;
      this.limit = bytes;
      this.capacity = bytes;
    }

    /** Positions count bytes; JavaCPP takes a class it does not know for one of pointers. */
    @Override
    public int sizeof() {
      return 1;
    }
  }
}
