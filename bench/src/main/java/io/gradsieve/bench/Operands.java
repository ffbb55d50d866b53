package io.gradsieve.bench;

import io.gradsieve.RandomBits;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.LoadResult;
import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.NativeLibrary;
import io.gradsieve.natives.NativeMemory;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Native arrays of one benchmark, filled with fixed pseudo-random numbers and released together.
 */
final class Operands implements AutoCloseable {
  private record Block(long address, long bytes) {}

  private final List<Block> blocks = new ArrayList<>();

  /**
   * Loads the library with the kernels that {@code GRADSIEVE_ISA} names, or the best of this
   * machine.
   */
  Operands() {
    if (!(NativeLibrary.load() instanceof LoadResult.Loaded)) {
      throw new IllegalStateException(
          "the native library did not load; java -jar engine.jar doctor says why");
    }
    NativeException.check(CpuLibrary.gs_open(System.getenv("GRADSIEVE_ISA")));
  }

  /** Address of {@code count} zeros. */
  long zeros(long count) {
    long bytes = count * Float.BYTES;
    long address = NativeMemory.allocate(bytes);
    blocks.add(new Block(address, bytes));
    return address;
  }

  /** Address of {@code count} numbers in [-1, 1). */
  long random(long count) {
    long address = zeros(count);
    RandomBits random = RandomBits.of(1, "benchmark", blocks.size());
    FloatBuffer values =
        NativeMemory.view(address, Math.toIntExact(count * Float.BYTES)).asFloatBuffer();
    for (int i = 0; i < count; i++) {
      values.put(i, (float) (2 * random.uniform(i) - 1));
    }
    return address;
  }

  @Override
  public void close() {
    blocks.forEach(block -> NativeMemory.release(block.address(), block.bytes()));
    blocks.clear();
  }
}
