package io.gradsieve.bench;

import static io.gradsieve.natives.NativeException.check;

import io.gradsieve.natives.CpuLibrary;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What goes from element to element: a sum, dropout, the network's input. */
@State(Scope.Benchmark)
public class ElementwiseBenchmark extends KernelBenchmark {
  /** H=W, channels: {@code resnet20}'s activations, then images of Fashion-MNIST and CIFAR-10. */
  @Param({"28x16", "14x32", "7x64", "28x1", "32x3"})
  public String shape = "";

  private int positions;
  private int channels;
  private long floats;
  private long a;
  private long b;
  private long output;
  private long ids;
  private long scale;
  private long shift;

  @Setup
  public void setUp(Operands operands) {
    positions = sizes(shape)[0] * sizes(shape)[0];
    channels = sizes(shape)[1];
    floats = (long) BATCH * positions * channels;
    a = operands.random(floats);
    b = operands.random(floats);
    output = operands.zeros(floats);
    ids = operands.zeros(2 * BATCH);
    scale = operands.random(channels);
    shift = operands.random(channels);
  }

  @Benchmark
  public void add(Bytes moved) {
    check(CpuLibrary.gs_add(floats, a, b, output));
    moved.addFloats(3 * floats);
  }

  @Benchmark
  public void dropout(Bytes moved) {
    check(
        CpuLibrary.gs_dropout(
            BATCH,
            positions,
            channels,
            channels,
            0.1,
            1,
            1,
            0,
            ids,
            a,
            CpuLibrary.GS_GRADIENT_STORE,
            output));
    moved.addFloats(2 * floats);
  }

  @Benchmark
  public void inputOfBytes(Bytes moved) {
    check(
        CpuLibrary.gs_input(
            BATCH, positions, channels, channels, CpuLibrary.GS_UINT8, a, scale, shift, output));
    moved.add(5 * floats);
  }

  @Benchmark
  public void inputOfFloats(Bytes moved) {
    check(
        CpuLibrary.gs_input(
            BATCH, positions, channels, channels, CpuLibrary.GS_FLOAT32, a, 0, 0, output));
    moved.addFloats(2 * floats);
  }
}
