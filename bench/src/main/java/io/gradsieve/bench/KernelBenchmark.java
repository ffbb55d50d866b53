package io.gradsieve.bench;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How single kernels are measured: calls a second on one thread, each in a process of its own, and
 * beside them what they come to: {@code gflop} is GFLOP/s, {@code gbyte} GB/s. JMH takes such
 * settings from a superclass only.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public abstract class KernelBenchmark {
  /** Samples of a call; a step's blocks have about as many. */
  static final int BATCH = 16;

  /** Counts what products of matrices take; those that are left out or saved count too. */
  @AuxCounters
  @State(Scope.Thread)
  public static class Flops {
    public double gflop;

    void add(double flops) {
      gflop += 1e-9 * flops;
    }
  }

  /** Counts arrays that are read or written, each once. */
  @AuxCounters
  @State(Scope.Thread)
  public static class Bytes {
    public double gbyte;

    void add(double bytes) {
      gbyte += 1e-9 * bytes;
    }

    void addFloats(double floats) {
      add(Float.BYTES * floats);
    }
  }

  /** {@code 28x16} to 28 and 16. */
  static int[] sizes(String shape) {
    return Arrays.stream(shape.split("x")).mapToInt(Integer::parseInt).toArray();
  }
}
