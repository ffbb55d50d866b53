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
 * One convolution; the shapes are those of {@code resnet20} on 28×28 images and the second
 * convolution of {@code cnn}.
 */
@State(Scope.Benchmark)
public class Conv2dBenchmark extends KernelBenchmark {
  /** H=W, input channels, output channels, kernel, stride. */
  @Param({
    "28x1x16x3x1",
    "28x16x16x3x1",
    "28x16x32x3x2",
    "28x16x32x1x2",
    "14x32x32x3x1",
    "14x32x64x3x2",
    "14x32x64x1x2",
    "7x64x64x3x1",
    "14x32x64x3x1"
  })
  public String shape = "";

  private Conv2dShape conv;
  private double flops;
  private long input;
  private long output;
  private long weights;
  private long weightsGradient;
  private long inputGradient;
  private long norm2;

  @Setup
  public void setUp(Operands operands) {
    Convolution convolution = Convolution.of(shape);
    conv = convolution.shape();
    flops = BATCH * convolution.flops();
    input = operands.random(BATCH * convolution.inputs());
    output = operands.random(BATCH * convolution.outputs());
    weights = operands.random(convolution.weights());
    weightsGradient = operands.zeros(convolution.weights());
    inputGradient = operands.zeros(BATCH * convolution.inputs());
    norm2 = operands.zeros(BATCH);
  }

  @TearDown
  public void tearDown() {
    conv.close();
  }

  @Benchmark
  public void forward(Flops done) {
    check(CpuLibrary.gs_conv2d_forward(conv, BATCH, input, weights, 0, CpuLibrary.GS_RELU, output));
    done.add(flops);
  }

  @Benchmark
  public void backwardInput(Flops done) {
    check(
        CpuLibrary.gs_conv2d_backward_input(
            conv, BATCH, output, weights, CpuLibrary.GS_GRADIENT_STORE, inputGradient));
    done.add(flops);
  }

  @Benchmark
  public void backwardWeights(Flops done) {
    backwardWeights(done, norm2);
  }

  @Benchmark
  public void backwardWeightsWithoutNorms(Flops done) {
    backwardWeights(done, 0);
  }

  private void backwardWeights(Flops done, long norms) {
    check(
        CpuLibrary.gs_conv2d_backward_weights(
            conv, BATCH, input, output, weightsGradient, 0, norms));
    done.add(flops);
  }
}
