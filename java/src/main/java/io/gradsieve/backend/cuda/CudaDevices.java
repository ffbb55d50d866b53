package io.gradsieve.backend.cuda;

import io.gradsieve.GradsieveException;
import io.gradsieve.natives.CudaLibraries;
import io.gradsieve.natives.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** The GPUs of this machine, and whether they compute. */
public final class CudaDevices {
  /** Floats of a row in the checks; each output is a sum of so many products of 1 and 2. */
  private static final int ROW = 8;

  /** Compute capability, ten times: of the oldest architecture that kernels are compiled for. */
  private static final int OLDEST = 75;

  private CudaDevices() {}

  /**
   * One GPU.
   *
   * @param number from 0
   * @param capability for instance "sm_90"
   * @param memory bytes
   */
  public record Found(int number, String name, String capability, long memory) {}

  /**
   * All of them; none is no error.
   *
   * @throws GradsieveException.Missing if CUDA's libraries are not there, or don't answer
   */
  public static List<Found> list() {
    loaded();
    List<Found> found = new ArrayList<>();
    int count = CudaRuntime.deviceCount();
    for (int device = 0; device < count; device++) {
      int[] capability = CudaRuntime.capability(device);
      found.add(
          new Found(
              device,
              CudaRuntime.name(device),
              "sm_" + capability[0] + capability[1],
              CudaRuntime.totalMemory(device)));
    }
    return found;
  }

  /**
   * Passes a GPU that there are kernels for.
   *
   * @throws GradsieveException.Missing if it is not there or too old, or libraries are missing
   */
  public static void require(int device) {
    loaded();
    int count = CudaRuntime.deviceCount();
    if (device < 0 || device >= count) {
      throw new GradsieveException.Missing(
          "--device cuda:%d: this machine has %s"
              .formatted(
                  device,
                  switch (count) {
                    case 0 -> "no GPU that CUDA can use";
                    case 1 -> "1 GPU, cuda:0";
                    default -> count + " GPUs, cuda:0 to cuda:" + (count - 1);
                  }));
    }
    int[] capability = CudaRuntime.capability(device);
    if (10 * capability[0] + capability[1] < OLDEST) {
      throw new GradsieveException.Missing(
          "--device cuda:%d: %s has compute capability %d.%d, 7.5 is the oldest that there are kernels for; use --device cpu"
              .formatted(device, CudaRuntime.name(device), capability[0], capability[1]));
    }
  }

  /**
   * Computes a product and a convolution, whose libraries load more at first use, and looks at the
   * results.
   *
   * @throws GradsieveException.Missing if something is missing, fails or is wrong
   */
  public static void check(int device) {
    loaded();
    CudaRuntime.use(device);
    long stream = CudaRuntime.createStream();
    try {
      float product = product(stream);
      float convolution = convolution(stream);
      if (product != 2 * ROW || convolution != 2 * ROW) {
        throw new GradsieveException.Missing(
            "cuda:%d computes wrongly: a product of cuBLAS is %s and a convolution of cuDNN is %s, both should be %d"
                .formatted(device, product, convolution, 2 * ROW));
      }
    } finally {
      CudaRuntime.destroyStream(stream);
    }
  }

  private static float product(long stream) {
    try (CublasLt cublas = new CublasLt();
        CublasLt.Product product =
            cublas.product(
                new CublasLt.Shape(
                    false, true, ROW, ROW, ROW, ROW, ROW, ROW, CublasLt.Epilogue.NONE, false))) {
      return last(
          product.workspaceBytes(),
          stream,
          (ones, twos, result, workspace) ->
              product.run(ones, twos, result, 0, false, workspace, stream));
    }
  }

  /** Of one pixel. */
  private static float convolution(long stream) {
    try (Cudnn cudnn = new Cudnn()) {
      cudnn.stream(stream);
      Cudnn.ConvolutionShape shape =
          new Cudnn.ConvolutionShape(1, 1, ROW, ROW, 1, 1, 1, 0, ROW, ROW);
      try (Cudnn.Convolution convolution = cudnn.convolution(shape, ROW, false)) {
        return last(convolution.workspaceBytes(), stream, convolution::forward);
      }
    }
  }

  private interface Computation {
    void run(long ones, long twos, long result, long workspace);
  }

  /** The last of ROW x ROW results from ROW x ROW ones and as many twos. */
  private static float last(long workspaceBytes, long stream, Computation computation) {
    int count = ROW * ROW;
    long bytes = (long) count * Float.BYTES;
    ByteBuffer host = ByteBuffer.allocateDirect((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
    long address = NativeMemory.address(host);
    List<Long> memory = new ArrayList<>();
    try {
      for (int value = 1; value <= 3; value++) {
        for (int i = 0; i < count; i++) {
          host.putFloat(i * Float.BYTES, value);
        }
        memory.add(CudaRuntime.malloc(bytes));
        CudaRuntime.copyAsync(memory.get(value - 1), address, bytes, stream);
        CudaRuntime.synchronize(stream);
      }
      memory.add(CudaRuntime.malloc(Math.max(workspaceBytes, 1)));
      computation.run(memory.get(0), memory.get(1), memory.get(2), memory.get(3));
      CudaRuntime.copyAsync(address, memory.get(2), bytes, stream);
      CudaRuntime.synchronize(stream);
      return host.getFloat((count - 1) * Float.BYTES);
    } finally {
      memory.forEach(CudaRuntime::free);
    }
  }

  private static void loaded() {
    if (CudaLibraries.load() instanceof CudaLibraries.Failed failed) {
      throw new GradsieveException.Missing(failed.reason());
    }
  }
}
