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

  /**
   * Bytes of a whole batch, which Java sees as one buffer.
   *
   * @throws GradsieveException.Usage if that would be 2 GiB or more
   */
  static int viewable(int capacity, long sampleBytes, String what) {
    if (sampleBytes > Integer.MAX_VALUE / capacity) {
      throw new GradsieveException.Usage(
          "--batch-size: the %s of %d samples, %d bytes each, are 2 GiB or more; use a smaller one"
              .formatted(what, capacity, sampleBytes));
    }
    return (int) (capacity * sampleBytes);
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
