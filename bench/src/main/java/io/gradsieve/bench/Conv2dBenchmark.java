package io.gradsieve.bench;

import static io.gradsieve.natives.NativeException.check;

import io.gradsieve.natives.Conv2dShape;
import io.gradsieve.natives.CpuLibrary;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One 3×3 convolution with padding 1 over a batch of 32, on one thread: µs a call. The shapes are
 * those of {@code resnet20} on 28×28 images and the second convolution of {@code cnn}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class Conv2dBenchmark {
  private static final int BATCH = 32;

  /** H=W, input channels, output channels, stride. */
  @Param({"28x16x16x1", "14x32x32x1", "7x64x64x1", "14x32x64x1", "28x16x32x2"})
  public String shape = "";

  @Param({"on", "off"})
  public String norms = "";

  private Operands operands;
  private Conv2dShape conv;
  private long input;
  private long output;
  private long weights;
  private long weightsGradient;
  private long inputGradient;
  private long norm2;

  @Setup
  public void setUp() {
    operands = new Operands();
    int[] sizes = java.util.Arrays.stream(shape.split("x")).mapToInt(Integer::parseInt).toArray();
    int size = sizes[0];
    int in = sizes[1];
    int out = sizes[2];
    int stride = sizes[3];
    int outSize = (size - 1) / stride + 1;
    conv = new Conv2dShape();
    conv.height(size).width(size).channels(in).pitch(in);
    conv.kernel_height(3).kernel_width(3).stride(stride).padding(1);
    conv.out_channels(out).out_pitch(out);
    input = operands.random((long) BATCH * size * size * in);
    output = operands.random((long) BATCH * outSize * outSize * out);
    weights = operands.random(9L * in * out);
    weightsGradient = operands.zeros(9L * in * out);
    inputGradient = operands.zeros((long) BATCH * size * size * in);
    norm2 = norms.equals("on") ? operands.zeros(BATCH) : 0;
  }

  @TearDown
  public void tearDown() {
    conv.close();
    operands.close();
  }

  @Benchmark
  public void forward() {
    check(CpuLibrary.gs_conv2d_forward(conv, BATCH, input, weights, 0, CpuLibrary.GS_RELU, output));
  }

  @Benchmark
  public void backwardInput() {
    check(
        CpuLibrary.gs_conv2d_backward_input(
            conv, BATCH, output, weights, CpuLibrary.GS_GRADIENT_STORE, inputGradient));
  }

  @Benchmark
  public void backwardWeights() {
    check(
        CpuLibrary.gs_conv2d_backward_weights(
            conv, BATCH, input, output, weightsGradient, 0, norm2));
  }
}
