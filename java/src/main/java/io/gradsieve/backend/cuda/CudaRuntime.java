package io.gradsieve.backend.cuda;

import io.gradsieve.natives.CudaLibraries;
import java.nio.charset.StandardCharsets;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * CUDA's runtime on addresses: devices, memory, streams, events, graphs. Every function throws
 * {@link io.gradsieve.GradsieveException.Missing} where CUDA reports an error. What a steady step
 * calls makes no garbage, in Java or outside. Needs {@link CudaLibraries#load} to have succeeded.
 */
final class CudaRuntime {
  private static final int NAME_BYTES = 256;

  private CudaRuntime() {}

  /** How many GPUs there are; none is no error. */
  static int deviceCount() {
    int[] count = new int[1];
    int status = cudart.cudaGetDeviceCount(count);
    if (status == cudart.cudaErrorNoDevice) {
      cudart.cudaGetLastError();
      return 0;
    }
    check("cudaGetDeviceCount", status);
    return count[0];
  }

  /** Makes a device the calling thread's. */
  static void use(int device) {
    check("cudaSetDevice", cudart.cudaSetDevice(device));
  }

  /** For instance "NVIDIA H200". */
  static String name(int device) {
    byte[] name = new byte[NAME_BYTES];
    check("cuDeviceGetName", cudart.cuDeviceGetName(name, name.length, handle(device)));
    int length = 0;
    while (length < name.length && name[length] != 0) {
      length++;
    }
    return new String(name, 0, length, StandardCharsets.UTF_8);
  }

  /** Compute capability: major, minor. */
  static int[] capability(int device) {
    return new int[] {
      attribute(cudart.cudaDevAttrComputeCapabilityMajor, device),
      attribute(cudart.cudaDevAttrComputeCapabilityMinor, device)
    };
  }

  private static int attribute(int attribute, int device) {
    int[] value = new int[1];
    check("cudaDeviceGetAttribute", cudart.cudaDeviceGetAttribute(value, attribute, device));
    return value[0];
  }

  /** Bytes of a device's memory. */
  static long totalMemory(int device) {
    try (SizeTPointer bytes = new SizeTPointer(1)) {
      check("cuDeviceTotalMem", cudart.cuDeviceTotalMem(bytes, handle(device)));
      return bytes.get();
    }
  }

  /** Bytes that the thread's device still has. */
  static long freeMemory() {
    try (SizeTPointer free = new SizeTPointer(1);
        SizeTPointer total = new SizeTPointer(1)) {
      check("cudaMemGetInfo", cudart.cudaMemGetInfo(free, total));
      return free.get();
    }
  }

  private static int handle(int device) {
    check("cuInit", cudart.cuInit(0));
    int[] handle = new int[1];
    check("cuDeviceGet", cudart.cuDeviceGet(handle, device));
    return handle[0];
  }

  /** 13010 is 13.1. */
  static int runtimeVersion() {
    int[] version = new int[1];
    check("cudaRuntimeGetVersion", cudart.cudaRuntimeGetVersion(version));
    return version[0];
  }

  /** Memory of the thread's device, at a multiple of 256 bytes, of no meaning yet. */
  static long malloc(long bytes) {
    CudaHandles.Memory made = CudaHandles.get().a.at(0);
    check("cudaMalloc", cudart.cudaMalloc(made, bytes));
    return made.address();
  }

  static void free(long memory) {
    check("cudaFree", cudart.cudaFree(CudaHandles.get().a.at(memory)));
  }

  /** Pinned memory of the host, which copies reach beside the host's work. */
  static long mallocHost(long bytes) {
    CudaHandles.Memory made = CudaHandles.get().a.at(0);
    check("cudaHostAlloc", cudart.cudaHostAlloc(made, bytes, cudart.cudaHostAllocDefault));
    return made.address();
  }

  static void freeHost(long memory) {
    check("cudaFreeHost", cudart.cudaFreeHost(CudaHandles.get().a.at(memory)));
  }

  /**
   * Queues a copy; from and to memory of any kind. Host memory that is not pinned makes it wait.
   */
  static void copyAsync(long to, long from, long bytes, long stream) {
    CudaHandles h = CudaHandles.get();
    check(
        "cudaMemcpyAsync",
        cudart.cudaMemcpyAsync(
            h.a.at(to), h.b.at(from), bytes, cudart.cudaMemcpyDefault, h.stream.at(stream)));
  }

  /**
   * Copies between pinned and device memory and waits for it; not ordered with non-blocking
   * streams. From memory that is not pinned it may return before all has arrived.
   */
  static void copy(long to, long from, long bytes) {
    CudaHandles h = CudaHandles.get();
    check(
        "cudaMemcpy", cudart.cudaMemcpy(h.a.at(to), h.b.at(from), bytes, cudart.cudaMemcpyDefault));
  }

  /** Queues that every byte becomes {@code value}. */
  static void fillAsync(long at, int value, long bytes, long stream) {
    CudaHandles h = CudaHandles.get();
    check("cudaMemsetAsync", cudart.cudaMemsetAsync(h.a.at(at), value, bytes, h.stream.at(stream)));
  }

  /** A stream that does not wait for the default one. */
  static long createStream() {
    CudaHandles.Stream made = CudaHandles.get().stream.at(0);
    check(
        "cudaStreamCreateWithFlags",
        cudart.cudaStreamCreateWithFlags(made, cudart.cudaStreamNonBlocking));
    return made.address();
  }

  static void destroyStream(long stream) {
    check("cudaStreamDestroy", cudart.cudaStreamDestroy(CudaHandles.get().stream.at(stream)));
  }

  /** Waits for all that is queued there. */
  static void synchronize(long stream) {
    check(
        "cudaStreamSynchronize", cudart.cudaStreamSynchronize(CudaHandles.get().stream.at(stream)));
  }

  /** Lets what is queued from now on wait for what the event recorded. */
  static void waitFor(long stream, long event) {
    CudaHandles h = CudaHandles.get();
    check(
        "cudaStreamWaitEvent",
        cudart.cudaStreamWaitEvent(h.stream.at(stream), h.event.at(event), 0));
  }

  /** An event; {@code timing}: it can be asked for {@link #milliseconds}. */
  static long createEvent(boolean timing) {
    CudaHandles.Event made = CudaHandles.get().event.at(0);
    int flags = timing ? cudart.cudaEventDefault : cudart.cudaEventDisableTiming;
    check("cudaEventCreateWithFlags", cudart.cudaEventCreateWithFlags(made, flags));
    return made.address();
  }

  static void destroyEvent(long event) {
    check("cudaEventDestroy", cudart.cudaEventDestroy(CudaHandles.get().event.at(event)));
  }

  /** The event becomes what is queued so far. */
  static void record(long event, long stream) {
    CudaHandles h = CudaHandles.get();
    check("cudaEventRecord", cudart.cudaEventRecord(h.event.at(event), h.stream.at(stream)));
  }

  /** Waits for what the event recorded. */
  static void synchronizeEvent(long event) {
    check("cudaEventSynchronize", cudart.cudaEventSynchronize(CudaHandles.get().event.at(event)));
  }

  /** Whether what the event recorded has happened. */
  static boolean reached(long event) {
    int status = cudart.cudaEventQuery(CudaHandles.get().event.at(event));
    if (status == cudart.cudaErrorNotReady) {
      cudart.cudaGetLastError(); // CUDA counts it as one
      return false;
    }
    check("cudaEventQuery", status);
    return true;
  }

  /** Between two recorded events that have both happened. */
  static float milliseconds(long from, long to) {
    CudaHandles h = CudaHandles.get();
    float[] time = new float[1];
    check(
        "cudaEventElapsedTime",
        cudart.cudaEventElapsedTime(time, h.event.at(from), h.until.at(to)));
    return time[0];
  }

  /** From now on what this thread queues there is recorded, not run. */
  static void beginCapture(long stream) {
    check(
        "cudaStreamBeginCapture",
        cudart.cudaStreamBeginCapture(
            CudaHandles.get().stream.at(stream), cudart.cudaStreamCaptureModeThreadLocal));
  }

  /** The graph of what was recorded. */
  static long endCapture(long stream) {
    CudaHandles h = CudaHandles.get();
    CudaHandles.Graph made = h.graph.at(0);
    check("cudaStreamEndCapture", cudart.cudaStreamEndCapture(h.stream.at(stream), made));
    return made.address();
  }

  /** What {@link #launch} runs; the graph may go. */
  static long instantiate(long graph) {
    CudaHandles h = CudaHandles.get();
    CudaHandles.Executable made = h.executable.at(0);
    check("cudaGraphInstantiate", cudart.cudaGraphInstantiate(made, h.graph.at(graph), 0));
    return made.address();
  }

  static void launch(long executable, long stream) {
    CudaHandles h = CudaHandles.get();
    check(
        "cudaGraphLaunch",
        cudart.cudaGraphLaunch(h.executable.at(executable), h.stream.at(stream)));
  }

  static void destroyGraph(long graph) {
    check("cudaGraphDestroy", cudart.cudaGraphDestroy(CudaHandles.get().graph.at(graph)));
  }

  static void destroyExecutable(long executable) {
    check(
        "cudaGraphExecDestroy",
        cudart.cudaGraphExecDestroy(CudaHandles.get().executable.at(executable)));
  }

  private static void check(String function, int status) {
    if (status != cudart.cudaSuccess) {
      cudart.cudaGetLastError(); // told here, so no later call is to be blamed for it
      throw CudaErrors.failed(
          function,
          status,
          cudart.cudaGetErrorName(status).getString()
              + ", "
              + cudart.cudaGetErrorString(status).getString());
    }
  }
}
