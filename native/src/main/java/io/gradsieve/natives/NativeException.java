package io.gradsieve.natives;

/**
 * A native function that returned another status than {@code GS_OK}; the message is the library's
 * own line.
 */
public final class NativeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  private NativeException(int status, String message) {
    super(message);
    this.status = status;
  }

  /** One of {@code CpuLibrary.GS_INVALID_ARGUMENT} and its like. */
  public int status() {
    return status;
  }

  /**
   * Passes {@code GS_OK}.
   *
   * @throws NativeException on any other status, with the message of the call just made on this
   *     thread
   */
  public static void check(int status) {
    if (status != CpuLibrary.GS_OK) {
      throw new NativeException(status, CpuLibrary.gs_last_error());
    }
  }
}
