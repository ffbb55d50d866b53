package io.gradsieve.dist.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.natives.CudaLibraries;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/** Numbers on the GPU, or on what stands in for it, a stream and an event. */
final class DeviceFloats implements AutoCloseable {
  private static final long MOST_NANOS = 30_000_000_000L;

  private final CUstream_st stream = new CUstream_st();
  private final CUevent_st event = new CUevent_st();
  private final Pointer memory = new Pointer();
  private final int count;

  DeviceFloats(float... values) {
    assertThat(CudaLibraries.load()).isInstanceOf(CudaLibraries.Loaded.class);
    count = values.length;
    fine(cudart.cudaSetDevice(0));
    fine(cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking));
    fine(cudart.cudaEventCreateWithFlags(event, cudart.cudaEventDisableTiming));
    fine(cudart.cudaMalloc(memory, (long) count * Float.BYTES));
    set(values);
  }

  private static void fine(int status) {
    assertThat(status).isEqualTo(cudart.cudaSuccess);
  }

  void set(float... values) {
    try (FloatPointer host = new FloatPointer(values)) {
      fine(cudart.cudaMemcpy(memory, host, bytes(), cudart.cudaMemcpyHostToDevice));
    }
  }

  private long bytes() {
    return (long) count * Float.BYTES;
  }

  float[] get() {
    float[] values = new float[count];
    try (FloatPointer host = new FloatPointer(count)) {
      fine(cudart.cudaMemcpy(host, memory, bytes(), cudart.cudaMemcpyDeviceToHost));
      host.get(values);
    }
    return values;
  }

  /** Queues that they are added up, in two ranges, and records the event. */
  void queue(NcclCommunicator communicator) throws IOException, InterruptedException {
    int half = count / 2;
    communicator.allReduce(
        stream.address(),
        new long[] {memory.address(), memory.address() + (long) half * Float.BYTES},
        new long[] {half, count - half});
    fine(cudart.cudaEventRecord(event, stream));
  }

  /** Whether all that was queued is done. */
  boolean done() {
    int status = cudart.cudaEventQuery(event);
    if (status != cudart.cudaErrorNotReady) {
      fine(status);
    }
    return status == cudart.cudaSuccess;
  }

  void await(NcclCommunicator communicator) throws IOException, InterruptedException {
    communicator.await(this::done);
  }

  void sum(NcclCommunicator communicator) throws IOException, InterruptedException {
    queue(communicator);
    await(communicator);
  }

  /** What was queued must come to an end, by a result or by an abort. */
  @Override
  public void close() {
    long end = System.nanoTime() + MOST_NANOS;
    int status = cudart.cudaStreamQuery(stream);
    while (status == cudart.cudaErrorNotReady && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(100_000);
      status = cudart.cudaStreamQuery(stream);
    }
    fine(status);
    fine(cudart.cudaStreamDestroy(stream));
    fine(cudart.cudaEventDestroy(event));
    fine(cudart.cudaFree(memory));
  }
}
