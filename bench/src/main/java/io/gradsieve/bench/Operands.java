package io.gradsieve.bench;

import io.gradsieve.RandomBits;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.LoadResult;
import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.NativeLibrary;
import io.gradsieve.natives.NativeMemory;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The library, and native arrays of one benchmark, filled with fixed pseudo-random numbers and
 * released together.
 */
@State(Scope.Benchmark)
public class Operands {
  private record Block(long address, long bytes) {}

  /**
   * Whose kernels: {@code -p isa=avx512,avx2,baseline}; auto: those that {@code GRADSIEVE_ISA}
   * names, or the best of this machine.
   */
  @Param("auto")
  public String isa = "";

  private final List<Block> blocks = new ArrayList<>();

  @Setup
  public void open() {
    if (!(NativeLibrary.load() instanceof LoadResult.Loaded)) {
      throw new IllegalStateException(
          "the native library did not load; java -jar engine.jar doctor says why");
    }
    NativeException.check(
        CpuLibrary.gs_open(isa.equals("auto") ? System.getenv("GRADSIEVE_ISA") : isa));
  }

  /** Address of {@code count} zeros of four bytes. */
  long zeros(long count) {
    long bytes = count * Float.BYTES;
    long address = NativeMemory.allocate(bytes);
    blocks.add(new Block(address, bytes));
    return address;
  }

  /** Address of {@code count} floats in [-1, 1). */
  long random(long count) {
    return random(1, count, count);
  }

  /** The same of rows {@code pitch} apart, 0 behind their first {@code used}. */
  long random(long rows, long used, long pitch) {
    long address = zeros(rows * pitch);
    RandomBits random = RandomBits.of(1, "benchmark", blocks.size());
    FloatBuffer values =
        NativeMemory.view(address, Math.toIntExact(rows * pitch * Float.BYTES)).asFloatBuffer();
    for (int i = 0; i < rows * pitch; i++) {
      values.put(i, i % pitch < used ? (float) (2 * random.uniform(i) - 1) : 0);
    }
    return address;
  }

  /** Address of {@code count} ints from 0 to {@code bound} - 1. */
  long below(int count, int bound) {
    long address = zeros(count);
    RandomBits random = RandomBits.of(1, "benchmark", blocks.size());
    IntBuffer values = NativeMemory.view(address, count * Integer.BYTES).asIntBuffer();
    for (int i = 0; i < count; i++) {
      values.put(i, random.below(i, bound));
    }
    return address;
  }

  @TearDown
  public void release() {
    blocks.forEach(block -> NativeMemory.release(block.address(), block.bytes()));
    blocks.clear();
  }
}
