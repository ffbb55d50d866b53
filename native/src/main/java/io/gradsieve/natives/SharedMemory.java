package io.gradsieve.natives;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Objects;

/**
 * Zeroed memory that processes of one user on one host have in common. It has no name in any
 * directory, so whatever ends the processes that map it, nothing is left of it.
 */
public final class SharedMemory implements AutoCloseable {
  private static final int NAME_BYTES = 16;
  private static final SecureRandom RANDOM = new SecureRandom();

  /**
   * Where another process of this host finds it.
   *
   * @param name nobody guesses it, so that no other file is taken for this one
   * @param process the one that made it, as it is numbered where the other looks
   * @param file its descriptor there
   */
  public record Place(String name, long process, int file, long bytes) {}

  private static final int NO_FILE = -1;

  private final Place place;
  private final int file;
  private long address;

  private SharedMemory(Place place, int file, long address) {
    this.place = place;
    this.file = file;
    this.address = address;
  }

  /**
   * New memory, which others can open until this is closed.
   *
   * @throws NativeException {@code GS_OUT_OF_MEMORY} or {@code GS_UNSUPPORTED} if there is none
   */
  public static SharedMemory create(long bytes) {
    NativeLibrary.require();
    byte[] random = new byte[NAME_BYTES];
    RANDOM.nextBytes(random);
    String name = "gradsieve-" + HexFormat.of().formatHex(random);
    long[] address = new long[1];
    int[] file = new int[1];
    NativeException.check(CpuLibrary.gs_shared_create(name, bytes, address, file));
    Place place = new Place(name, ProcessHandle.current().pid(), file[0], bytes);
    return new SharedMemory(place, file[0], address[0]);
  }

  /**
   * Memory that another process has made, or this one.
   *
   * @throws NativeException {@code GS_UNSUPPORTED} if it is not there or may not be opened
   */
  public static SharedMemory open(Place place) {
    NativeLibrary.require();
    long[] address = new long[1];
    NativeException.check(
        CpuLibrary.gs_shared_open(
            place.name(), place.process(), place.file(), place.bytes(), address));
    return new SharedMemory(place, NO_FILE, address[0]);
  }

  /** Where others find it. */
  public Place place() {
    return place;
  }

  /** Its size. */
  public long bytes() {
    return place.bytes();
  }

  /** Where {@code count} bytes from an offset on begin in this process. */
  public long address(long offset, long count) {
    Objects.checkFromIndexSize(offset, count, bytes());
    if (address == 0) {
      throw new IllegalStateException("the memory is closed");
    }
    return address + offset;
  }

  /** Gives it back here; others keep it. */
  @Override
  public void close() {
    if (address != 0) {
      NativeException.check(CpuLibrary.gs_shared_release(address, bytes()));
      address = 0;
      if (file != NO_FILE) {
        NativeException.check(CpuLibrary.gs_shared_close(file));
      }
    }
  }
}
