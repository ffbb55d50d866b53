package io.gradsieve.bench;

import static io.gradsieve.natives.NativeException.check;

import io.gradsieve.natives.CpuLibrary;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Pooling as in {@code cnn}, were it not in its convolutions, and at the end of resnet20. */
@State(Scope.Benchmark)
public class PoolBenchmark extends KernelBenchmark {
  /** H=W, channels, window. */
  @Param({"28x32x2", "14x64x2", "7x64x7"})
  public String shape = "";

  private int size;
  private int channels;
  private int window;
  private long inputs;
  private long outputs;
  private long input;
  private long output;
  private long choice;
  private long outputGradient;
  private long inputGradient;

  @Setup
  public void setUp(Operands operands) {
    size = sizes(shape)[0];
    channels = sizes(shape)[1];
    window = sizes(shape)[2];
    inputs = (long) BATCH * size * size * channels;
    outputs = inputs / (window * window);
    input = operands.random(inputs);
    output = operands.zeros(outputs);
    choice = operands.zeros(outputs);
    outputGradient = operands.random(outputs);
    inputGradient = operands.zeros(inputs);
    forward(CpuLibrary.GS_MAX_POOL); // backward takes its choices
  }

  @Benchmark
  public void maximumForward(Bytes moved) {
    forward(CpuLibrary.GS_MAX_POOL);
    moved.add(Float.BYTES * (inputs + outputs) + outputs);
  }

  @Benchmark
  public void averageForward(Bytes moved) {
    forward(CpuLibrary.GS_AVERAGE_POOL);
    moved.addFloats(inputs + outputs);
  }

  @Benchmark
  public void maximumBackward(Bytes moved) {
    backward(CpuLibrary.GS_MAX_POOL);
    moved.add(Float.BYTES * (inputs + outputs) + outputs);
  }

  @Benchmark
  public void averageBackward(Bytes moved) {
    backward(CpuLibrary.GS_AVERAGE_POOL);
    moved.addFloats(inputs + outputs);
  }

  private void forward(int pool) {
    check(
        CpuLibrary.gs_pool2d_forward(
            BATCH, size, size, channels, channels, pool, window, window, input, output, choice));
  }

  private void backward(int pool) {
    check(
        CpuLibrary.gs_pool2d_backward(
            BATCH,
            size,
            size,
            channels,
            channels,
            pool,
            window,
            window,
            choice,
            outputGradient,
            CpuLibrary.GS_GRADIENT_STORE,
            inputGradient));
  }
}
