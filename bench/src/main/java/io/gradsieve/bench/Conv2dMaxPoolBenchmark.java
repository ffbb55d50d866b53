package io.gradsieve.bench;

import static io.gradsieve.natives.NativeException.check;

import io.gradsieve.natives.Conv2dShape;
import io.gradsieve.natives.CpuLibrary;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The two convolutions of {@code cnn} on 28×28 images with their relu and 2×2 max-pooling; half of
 * the gradients get through relu.
 */
@State(Scope.Benchmark)
public class Conv2dMaxPoolBenchmark extends KernelBenchmark {
  private static final int POOL = 2;

  /** H=W, input channels, output channels, kernel, stride. */
  @Param({"28x1x32x3x1", "14x32x64x3x1"})
  public String shape = "";

  private Conv2dShape conv;
  private double flops;
  private long input;
  private long output;
  private long choice;
  private long activated;
  private long outputGradient;
  private long weights;
  private long bias;
  private long weightsGradient;
  private long biasGradient;
  private long inputGradient;
  private long norm2;

  @Setup
  public void setUp(Operands operands) {
    Convolution convolution = Convolution.of(shape);
    conv = convolution.shape();
    flops = BATCH * convolution.flops();
    long pooled = BATCH * convolution.outputs() / (POOL * POOL);
    input = operands.random(BATCH * convolution.inputs());
    output = operands.zeros(pooled);
    choice = operands.zeros(pooled);
    activated = operands.random(pooled);
    outputGradient = operands.random(pooled);
    weights = operands.random(convolution.weights());
    bias = operands.random(convolution.out());
    weightsGradient = operands.zeros(convolution.weights());
    biasGradient = operands.zeros(convolution.out());
    inputGradient = operands.zeros(BATCH * convolution.inputs());
    norm2 = operands.zeros(BATCH);
    forward(new Flops()); // backward takes its choices
  }

  @TearDown
  public void tearDown() {
    conv.close();
  }

  @Benchmark
  public void forward(Flops done) {
    check(
        CpuLibrary.gs_conv2d_maxpool_forward(
            conv, POOL, BATCH, input, weights, bias, CpuLibrary.GS_RELU, output, choice));
    done.add(flops);
  }

  @Benchmark
  public void backwardInput(Flops done) {
    check(
        CpuLibrary.gs_conv2d_maxpool_backward_input(
            conv,
            POOL,
            BATCH,
            activated,
            choice,
            outputGradient,
            weights,
            CpuLibrary.GS_RELU,
            CpuLibrary.GS_GRADIENT_STORE,
            inputGradient));
    done.add(flops);
  }

  @Benchmark
  public void backwardWeights(Flops done) {
    check(
        CpuLibrary.gs_conv2d_maxpool_backward_weights(
            conv,
            POOL,
            BATCH,
            input,
            activated,
            choice,
            outputGradient,
            CpuLibrary.GS_RELU,
            weightsGradient,
            biasGradient,
            norm2));
    done.add(flops);
  }
}
