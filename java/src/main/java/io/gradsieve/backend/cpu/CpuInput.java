package io.gradsieve.backend.cpu;

import io.gradsieve.backend.StepInput;
import io.gradsieve.natives.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Map;
import java.util.Objects;

/**
 * A batch in one piece of native memory: addresses of samples, then labels, ids, plan weights and
 * sample weights, each starting at a multiple of 64 bytes.
 */
final class CpuInput implements StepInput {
  private static final int ALIGNMENT = 64;

  private final CpuBuffer memory;
  private final Runnable drain;
  private final int capacity;
  private final long sampleBytes;

  private final Map<ByteBuffer, Long> addresses;

  private final long labelsAt;
  private final long idsAt;
  private final long planWeightsAt;
  private final long sampleWeightsAt;
  private final LongBuffer samples;
  private final IntBuffer labels;
  private final LongBuffer ids;
  private final FloatBuffer planWeights;
  private final FloatBuffer sampleWeights;

  /**
   * Takes room for {@code capacity} samples of {@code sampleBytes} bytes each.
   *
   * @param addresses of the buffers that samples lie in, which the step's inputs share; holding the
   *     buffers keeps the samples where they are
   * @param drain waits for the step that may still read them
   */
  CpuInput(
      CpuBackend backend,
      int capacity,
      long sampleBytes,
      Map<ByteBuffer, Long> addresses,
      Runnable drain) {
    this.capacity = capacity;
    this.sampleBytes = sampleBytes;
    this.addresses = addresses;
    this.drain = drain;
    this.labelsAt = aligned((long) capacity * Long.BYTES);
    this.idsAt = aligned(labelsAt + (long) capacity * Integer.BYTES);
    this.planWeightsAt = aligned(idsAt + (long) capacity * Long.BYTES);
    this.sampleWeightsAt = aligned(planWeightsAt + (long) capacity * Float.BYTES);
    this.memory =
        backend.allocate(aligned(sampleWeightsAt + (long) capacity * Float.BYTES), "input");
    this.samples = part(0, Long.BYTES).asLongBuffer();
    this.labels = part(labelsAt, Integer.BYTES).asIntBuffer();
    this.ids = part(idsAt, Long.BYTES).asLongBuffer();
    this.planWeights = part(planWeightsAt, Float.BYTES).asFloatBuffer();
    this.sampleWeights = part(sampleWeightsAt, Float.BYTES).asFloatBuffer();
  }

  private ByteBuffer part(long offset, int elementBytes) {
    return memory.view(offset, capacity * elementBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  int capacity() {
    return capacity;
  }

  long samplesAddress() {
    return memory.address();
  }

  long labelsAddress() {
    return memory.address() + labelsAt;
  }

  long idsAddress() {
    return memory.address() + idsAt;
  }

  long planWeightsAddress() {
    return memory.address() + planWeightsAt;
  }

  long sampleWeightsAddress() {
    return memory.address() + sampleWeightsAt;
  }

  @Override
  public void sample(int i, ByteBuffer memory, int offset) {
    Objects.checkFromIndexSize(offset, sampleBytes, memory.capacity());
    samples.put(i, addresses.computeIfAbsent(memory, NativeMemory::address) + offset);
  }

  @Override
  public IntBuffer labels() {
    return labels;
  }

  @Override
  public LongBuffer ids() {
    return ids;
  }

  @Override
  public FloatBuffer planWeights() {
    return planWeights;
  }

  @Override
  public FloatBuffer sampleWeights() {
    return sampleWeights;
  }

  @Override
  public void close() {
    drain.run();
    memory.close();
  }
}
