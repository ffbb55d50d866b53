package io.gradsieve.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.natives.CudaLibraries;
import io.gradsieve.natives.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** A stream and memory of the GPU, or of what stands in for it, for one test; closes all. */
final class OnGpu implements AutoCloseable {
  final long stream;
  private final List<Long> memory = new ArrayList<>();

  OnGpu() {
    assertThat(CudaLibraries.load()).isInstanceOf(CudaLibraries.Loaded.class);
    CudaRuntime.use(0);
    stream = CudaRuntime.createStream();
  }

  /** Memory of no meaning yet. */
  long bytes(long count) {
    long made = CudaRuntime.malloc(Math.max(count, 1));
    memory.add(made);
    return made;
  }

  /** Memory with these values. */
  long put(float... values) {
    ByteBuffer host =
        ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    host.asFloatBuffer().put(values);
    long made = bytes(host.capacity());
    CudaRuntime.copy(made, NativeMemory.address(host), host.capacity());
    return made;
  }

  /** What lies there once all that is queued has run. */
  float[] floats(long at, int count) {
    CudaRuntime.synchronize(stream);
    ByteBuffer host = ByteBuffer.allocateDirect(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    CudaRuntime.copy(NativeMemory.address(host), at, host.capacity());
    float[] values = new float[count];
    host.asFloatBuffer().get(values);
    return values;
  }

  @Override
  public void close() {
    CudaRuntime.synchronize(stream);
    memory.forEach(CudaRuntime::free);
    CudaRuntime.destroyStream(stream);
  }
}
