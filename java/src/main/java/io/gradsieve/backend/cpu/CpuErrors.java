package io.gradsieve.backend.cpu;

import io.gradsieve.GradsieveException;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.NativeException;

/** Turns what the native library reports into the kinds of errors a user can act on. */
final class CpuErrors {
  private CpuErrors() {}

  /**
   * Passes {@code GS_OK}; throws {@code Diverged} or {@code Missing}, and {@link NativeException}
   * for faults of ours.
   */
  static void check(int status) {
    if (status == CpuLibrary.GS_OK) {
      return;
    }
    try {
      NativeException.check(status);
    } catch (NativeException e) {
      throw translated(e);
    }
  }

  private static RuntimeException translated(NativeException e) {
    String message = String.valueOf(e.getMessage());
    int status = e.status();
    if (status == CpuLibrary.GS_DIVERGED) {
      return new GradsieveException.Diverged(message);
    }
    if (status == CpuLibrary.GS_UNSUPPORTED || status == CpuLibrary.GS_OUT_OF_MEMORY) {
      return new GradsieveException.Missing(message, e);
    }
    return e;
  }

  /** Not enough memory for a purpose: says how much was wanted, and of what. */
  static GradsieveException outOfMemory(long bytes, String purpose, NativeException cause) {
    return new GradsieveException.Missing(
        "not enough memory: "
            + bytes
            + " bytes ("
            + (bytes >> 20)
            + " MiB) for "
            + purpose
            + " could not be had; use a smaller batch size or model",
        cause);
  }
}
