package io.gradsieve.backend.cuda;

import io.gradsieve.GradsieveException;
import io.gradsieve.natives.CudaKernels;
import java.util.function.LongSupplier;

/** Turns what CUDA and our kernels report into the kinds of errors a user can act on. */
final class CudaErrors {
  private static final String FAILED = "the GPU failed: ";

  private CudaErrors() {}

  /**
   * Passes {@code GS_CUDA_OK} of one of our kernels.
   *
   * @throws GradsieveException.Missing if the runtime refused to run it
   * @throws GradsieveException.Usage for a shape that the operation has no kernel for
   */
  static void check(int status) {
    if (status == CudaKernels.GS_CUDA_OK) {
      return;
    }
    String message = String.valueOf(CudaKernels.gs_cuda_last_error());
    if (status == CudaKernels.GS_CUDA_INVALID_ARGUMENT) {
      throw new GradsieveException.Usage(
          "--device cuda: no kernel for this, the CPU may do it: " + message);
    }
    throw new GradsieveException.Missing(FAILED + message);
  }

  /** A function of CUDA's libraries that failed: its name, its code, CUDA's own words. */
  static GradsieveException.Missing failed(String function, int code, String words) {
    return new GradsieveException.Missing(FAILED + "%s: %s (%d)".formatted(function, words, code));
  }

  /** The address of memory; says how much was wanted, and of what, if there is not so much. */
  static long memory(long bytes, String purpose, LongSupplier allocate) {
    if (bytes <= 0) {
      throw new IllegalArgumentException(purpose + ": bytes must be positive, is " + bytes);
    }
    try {
      return allocate.getAsLong();
    } catch (GradsieveException.Missing e) {
      throw new GradsieveException.Missing(
          "not enough memory: %d bytes (%d MiB) for %s could not be had (%s); use a smaller batch size or model"
              .formatted(bytes, bytes >> 20, purpose, e.getMessage()),
          e);
    }
  }

  /** What is not finite, by the code of a verdict and the place in the batch. */
  static GradsieveException.Diverged diverged(int what, int place) {
    String value =
        switch (what) {
          case CudaKernels.GS_CUDA_LOSS -> "loss of sample index " + place + " of the batch";
          case CudaKernels.GS_CUDA_NORM ->
              "gradient norm of sample index " + place + " of the batch";
          case CudaKernels.GS_CUDA_GRADIENT -> "gradient of the batch";
          default -> "step before this one";
        };
    return new GradsieveException.Diverged("the " + value + " is not finite");
  }
}
