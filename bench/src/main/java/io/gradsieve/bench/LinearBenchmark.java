package io.gradsieve.bench;

import static io.gradsieve.natives.NativeException.check;

import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.OpenBlas;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Linear layers of {@code mlp}, {@code cnn} and {@code resnet20} on Fashion-MNIST; beside them
 * OpenBLAS's sgemm of the forward product alone, without bias and activation: on one thread as
 * ours, with kernels of its own choice whatever {@code isa} is.
 */
@State(Scope.Benchmark)
public class LinearBenchmark extends KernelBenchmark {
  private static final int LANES = 16;

  /** Features in and out; fewer than 16, or a multiple, come out. */
  @Param({"784x512", "512x256", "256x10", "3136x128", "128x10", "64x10"})
  public String shape = "";

  @Param({"128", "512", "2048"})
  public int batch;

  private int in;
  private int out;
  private int pitch;
  private double flops;
  private long input;
  private long output;
  private long outputGradient;
  private long weights;
  private long bias;
  private long weightsGradient;
  private long biasGradient;
  private long inputGradient;
  private long norm2;
  private long plainWeights;
  private long plainOutput;

  @Setup
  public void setUp(Operands operands) {
    in = sizes(shape)[0];
    out = sizes(shape)[1];
    pitch = (out + LANES - 1) / LANES * LANES;
    flops = 2.0 * batch * in * out;
    input = operands.random((long) batch * in);
    output = operands.zeros((long) batch * pitch);
    outputGradient = operands.random(batch, out, pitch);
    weights = operands.random((long) pitch / LANES * in, Math.min(out, LANES), LANES);
    bias = operands.random(out);
    plainWeights = operands.random((long) in * out);
    plainOutput = operands.zeros((long) batch * out);
    weightsGradient = operands.zeros((long) pitch * in);
    biasGradient = operands.zeros(out);
    inputGradient = operands.zeros((long) batch * in);
    norm2 = operands.zeros(batch);
  }

  /** Of {@link #openBlasSgemm} alone: the other benchmarks have no OpenBLAS in their process. */
  @State(Scope.Benchmark)
  public static class Blas {
    @Setup
    public void load() {
      if (OpenBlas.load() instanceof OpenBlas.Failed failed) {
        throw new IllegalStateException(failed.reason());
      }
    }
  }

  @Benchmark
  public void forward(Flops done) {
    check(
        CpuLibrary.gs_linear_forward(
            batch, in, out, pitch, input, weights, bias, CpuLibrary.GS_RELU, output));
    done.add(flops);
  }

  @Benchmark
  public void openBlasSgemm(Flops done, Blas loaded) {
    check(CpuLibrary.gs_sgemm(batch, out, in, input, plainWeights, plainOutput));
    done.add(flops);
  }

  @Benchmark
  public void backwardInput(Flops done) {
    check(
        CpuLibrary.gs_linear_backward_input(
            batch,
            in,
            out,
            pitch,
            outputGradient,
            weights,
            CpuLibrary.GS_GRADIENT_STORE,
            inputGradient));
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
        CpuLibrary.gs_linear_backward_weights(
            batch, in, out, pitch, input, outputGradient, weightsGradient, biasGradient, norms));
    done.add(flops);
  }
}
