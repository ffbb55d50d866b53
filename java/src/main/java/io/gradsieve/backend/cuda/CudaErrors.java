package io.gradsieve.backend.cuda;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Verdict;
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
    return switch (what) {
      case CudaKernels.GS_CUDA_LOSS -> diverged("loss of sample index " + place + " of the batch");
      case CudaKernels.GS_CUDA_NORM ->
          diverged("gradient norm of sample index " + place + " of the batch");
      case CudaKernels.GS_CUDA_GRADIENT -> diverged("gradient of the batch");
      default -> diverged("step before this one");
    };
  }

  /** What all participants say is not finite; {@code place}: in this share's batch, else -1. */
  static GradsieveException.Diverged diverged(Verdict agreed, int place) {
    if (agreed.what() == Verdict.What.GRADIENT) {
      return diverged(CudaKernels.GS_CUDA_GRADIENT, place);
    }
    String value = agreed.what() == Verdict.What.LOSS ? "loss" : "gradient norm";
    return diverged(
        place < 0
            ? "%s of the sample with id %d, in another participant's share,"
                .formatted(value, agreed.sample())
            : "%s of sample index %d of the batch (id %d)"
                .formatted(value, place, agreed.sample()));
  }

  private static GradsieveException.Diverged diverged(String value) {
    return new GradsieveException.Diverged("the " + value + " is not finite");
  }
}
